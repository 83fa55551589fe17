package dev.stepstile.process;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.stepstile.api.StepContext;
import dev.stepstile.api.StepHandler;
import dev.stepstile.api.StepInput;
import dev.stepstile.api.StepResult;
import dev.stepstile.codec.Json;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Stream;

/** A handler whose attempts are processes that use Dagster Pipes 0.1. */
final class ProcessHandler implements StepHandler {
    private final HandlerSpec spec;
    private final Launcher launcher;
    private final ProcessGroups groups;
    private final StepFolders folders;

    /** @param folders where each attempt gets a folder while it runs */
    ProcessHandler(HandlerSpec spec, Launcher launcher, ProcessGroups groups, StepFolders folders) {
        this.spec = spec;
        this.launcher = launcher;
        this.groups = groups;
        this.folders = folders;
    }

    @Override
    public String name() {
        return spec.name();
    }

    @Override
    public StepResult run(StepInput input, StepContext step) throws Exception {
        Path folder = folders.attempt();
        try {
            Files.writeString(folder.resolve("context.json"), PipesContext.of(input, step));
            try (MessageFile messages = new MessageFile(Files.createFile(folder.resolve("messages")))) {
                RunningProcess process = launcher.launch(folder, pipes(folder));
                return new StepProcess(process, groups, messages, step).follow(spec.grace());
            }
        } finally {
            delete(folder);
        }
    }

    /** The process's grace, and a little more to read its result. */
    @Override
    public Duration grace() {
        return spec.grace().plusSeconds(2);
    }

    private static SortedMap<String, String> pipes(Path folder) {
        SortedMap<String, String> pipes = new TreeMap<>();
        pipes.put("DAGSTER_PIPES_CONTEXT", PipesContext.encode(at(folder.resolve("context.json"))));
        pipes.put("DAGSTER_PIPES_MESSAGES", PipesContext.encode(at(folder.resolve("messages"))));
        pipes.put(ProcessGroups.MARK, ProcessGroups.mark(folder));
        return pipes;
    }

    private static ObjectNode at(Path path) {
        return Json.object().put("path", path.toString());
    }

    private static void delete(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            for (Path file : files.toList()) {
                Files.deleteIfExists(file);
            }
        }
        Files.deleteIfExists(folder);
    }
}
