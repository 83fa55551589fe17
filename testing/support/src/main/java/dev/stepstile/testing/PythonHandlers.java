package dev.stepstile.testing;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.stepstile.codec.Json;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Process handlers on the real dagster-pipes: {@code command} and {@code warm}, whose steps do an {@code act}; and those of
 * {@link PlainOutcomes}.
 */
public final class PythonHandlers {
    private static final Path TOP =
            Path.of(System.getenv("STEPSTILE_HOME")).resolve("../..").normalize();

    private PythonHandlers() {}

    /** Their configuration, in a file of this folder. */
    public static String configuration(Path folder) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(
                        TOP.resolve("build/python-env").toString(), "pipes", "dagster-pipes==1.13.27")
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        String venv = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
        if (process.waitFor() != 0) {
            throw new IllegalStateException("build/python-env makes no venv");
        }
        String python = Path.of(venv, "bin", "python").toString();
        ObjectNode document = Json.object();
        ObjectNode handlers = document.putObject("handlers");
        handler(handlers, "command").putArray("command").add(python).add("steps.py");
        handler(handlers, "warm")
                .put("warm", true)
                .putArray("command")
                .add(python)
                .add("-m")
                .add("stepstile_host")
                .add("--target")
                .add("steps:run");
        PlainOutcomes.addTo(handlers, folder);
        return Files.writeString(folder.resolve("handlers.json"), Json.print(document))
                .toString();
    }

    private static ObjectNode handler(ObjectNode handlers, String name) {
        ObjectNode handler = handlers.putObject(name)
                .put("graceSeconds", 1)
                .put("directory", TOP.resolve("shared/process/src/test/python").toString());
        handler.putObject("environment")
                .put("PYTHONPATH", TOP.resolve("client/python-host/src").toString());
        return handler;
    }

    public static ObjectNode step(String key, String handler, String act) {
        ObjectNode step = Json.object().put("key", key).put("handler", handler).put("maxAttempts", 1);
        step.putObject("input").put("act", act);
        return step;
    }

    /** Whether a process of this id is there, and is no zombie that waits for its parent to look. */
    public static boolean alive(long pid) {
        Optional<ProcessHandle> process = ProcessHandle.of(pid);
        return process.isPresent()
                && process.get().isAlive()
                && process.get().info().command().isPresent();
    }

    /** The processes that a waiting step reports itself to be made of. */
    public static List<Long> processes(StackCaller api, String run, String key)
            throws IOException, InterruptedException {
        List<String> waiting = Eventually.await(
                () -> api.logLines(run, key).stream()
                        .filter(line -> line.startsWith("waiting "))
                        .toList(),
                lines -> !lines.isEmpty());
        List<Long> processes = new ArrayList<>();
        for (String line : waiting) {
            for (String pid : line.substring("waiting ".length()).split(" ", -1)) {
                processes.add(Long.valueOf(pid));
            }
        }
        return processes;
    }
}
