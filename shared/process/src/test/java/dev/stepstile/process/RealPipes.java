package dev.stepstile.process;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.stepstile.api.StepHandler;
import dev.stepstile.codec.Json;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;

/** Handlers whose processes run the real dagster-pipes package: a command for each step, and a warm host. */
final class RealPipes implements AutoCloseable {
    private static final String DAGSTER_PIPES = "dagster-pipes==1.13.27";
    private static final Path HOME = Path.of(System.getenv("STEPSTILE_HOME"));
    static final Path TOP = HOME.resolve("../..").normalize();
    static final Path PYTHON = python();

    private final ProcessHandlers handlers;

    /** @param warm further members of the warm handler's configuration */
    RealPipes(Map<String, Integer> warm) {
        ObjectNode document = Json.object();
        ObjectNode both = document.putObject("handlers");
        ObjectNode host = handler(both, "warm", "-m", "stepstile_host", "--target", "steps:run", "--preload", "decimal")
                .put("warm", true);
        warm.forEach(host::put);
        handler(both, "command", "steps.py");
        handlers = ProcessHandlers.open(Json.print(document));
    }

    RealPipes() {
        this(Map.of());
    }

    private static ObjectNode handler(ObjectNode handlers, String name, String... arguments) {
        ObjectNode handler = handlers.putObject(name).put("graceSeconds", 1);
        var command = handler.putArray("command").add(PYTHON.toString());
        for (String argument : arguments) {
            command.add(argument);
        }
        handler.put("directory", Path.of("src/test/python").toAbsolutePath().toString());
        handler.putObject("environment")
                .put("PYTHONPATH", TOP.resolve("client/python-host/src").toString());
        return handler;
    }

    private static Path python() {
        try {
            Process process = new ProcessBuilder(TOP.resolve("build/python-env").toString(), "pipes", DAGSTER_PIPES)
                    .redirectError(ProcessBuilder.Redirect.INHERIT)
                    .start();
            String venv = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
            if (process.waitFor() != 0) {
                throw new IllegalStateException("build/python-env makes no venv");
            }
            return Path.of(venv, "bin", "python");
        } catch (IOException e) {
            throw new IllegalStateException("build/python-env cannot be run", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    StepHandler handler(String name) {
        return handlers.handlers().stream()
                .filter(handler -> handler.name().equals(name))
                .findFirst()
                .orElseThrow();
    }

    /** What a step of this act comes to, as it is recorded. */
    JsonNode run(String handler, Attempt attempt, ObjectNode input, Map<String, String> shared) throws Exception {
        Object result = handler(handler)
                .run(new GivenInput(Json.print(input), shared), attempt)
                .value();
        return Json.parse(Json.write(result));
    }

    JsonNode run(String handler, Attempt attempt, ObjectNode input) throws Exception {
        return run(handler, attempt, input, Map.of());
    }

    /** A step that runs beside the test. */
    Started start(String handler, ObjectNode input) {
        Attempt attempt = new Attempt();
        return new Started(attempt, () -> run(handler, attempt, input));
    }

    static ObjectNode act(String act) {
        return Json.object().put("act", act);
    }

    /** Whether a process of this id is there, and is no zombie that waits for its parent to look. */
    static boolean alive(long pid) {
        Optional<ProcessHandle> process = ProcessHandle.of(pid);
        return process.isPresent()
                && process.get().isAlive()
                && process.get().info().command().isPresent();
    }

    @Override
    public void close() {
        handlers.close();
    }

    /** A step on a thread of its own. */
    static final class Started {
        private final Attempt attempt;
        private final FutureTask<JsonNode> task;
        private final Thread thread;

        Started(Attempt attempt, Callable<JsonNode> work) {
            this.attempt = attempt;
            this.task = new FutureTask<>(work);
            this.thread = Thread.ofPlatform().daemon().name("step").start(task);
        }

        Attempt attempt() {
            return attempt;
        }

        /** The processes that the step lists. */
        long[] processes() throws InterruptedException {
            attempt.awaitLine("waiting");
            String said = attempt.lines().stream()
                    .filter(line -> line.startsWith("waiting"))
                    .findFirst()
                    .orElseThrow();
            return Arrays.stream(said.split(" ", -1))
                    .skip(1)
                    .mapToLong(Long::parseLong)
                    .toArray();
        }

        void interrupt() {
            thread.interrupt();
        }

        JsonNode result() throws Exception {
            try {
                return task.get(60, TimeUnit.SECONDS);
            } catch (ExecutionException e) {
                throw e.getCause() instanceof Exception cause ? cause : e;
            }
        }
    }
}
