package dev.stepstile.process;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.stepstile.api.StepContext;
import dev.stepstile.api.StepHandler;
import dev.stepstile.api.StepInput;
import dev.stepstile.api.StepResult;
import dev.stepstile.wire.Json;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Stream;

/** A handler whose attempts are processes that speak Dagster Pipes 0.1. */
final class ProcessHandler implements StepHandler {
    /** How often messages are looked for while a step runs. */
    private static final Duration LOOK = Duration.ofMillis(200);

    /** How long a process's output may stay open after it has ended, and its end unreported after its output has. */
    private static final Duration LINGER = Duration.ofSeconds(1);

    private static final Duration KILLED = Duration.ofSeconds(5);

    private final HandlerSpec spec;
    private final Launcher launcher;
    private final ProcessGroups groups;
    private final Path folders;

    /** @param folders where each attempt gets a folder while it runs */
    ProcessHandler(HandlerSpec spec, Launcher launcher, ProcessGroups groups, Path folders) {
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
        Path folder = Files.createTempDirectory(folders, "attempt-");
        try {
            Files.writeString(folder.resolve("context.json"), PipesContext.of(input, step));
            try (MessageFile messages = new MessageFile(Files.createFile(folder.resolve("messages")))) {
                return follow(launcher.launch(folder, pipes(folder)), messages, step);
            }
        } finally {
            delete(folder);
        }
    }

    private static SortedMap<String, String> pipes(Path folder) {
        SortedMap<String, String> pipes = new TreeMap<>();
        pipes.put("DAGSTER_PIPES_CONTEXT", PipesContext.encode(at(folder.resolve("context.json"))));
        pipes.put("DAGSTER_PIPES_MESSAGES", PipesContext.encode(at(folder.resolve("messages"))));
        return pipes;
    }

    private static ObjectNode at(Path path) {
        return Json.object().put("path", path.toString());
    }

    private StepResult follow(RunningProcess process, MessageFile messages, StepContext step) throws Exception {
        LastLines lastWords = new LastLines();
        OutputLines stdout = new OutputLines(process.stdout(), line -> step.log(LogRecords.stdout(line)));
        OutputLines stderr = new OutputLines(process.stderr(), line -> {
            lastWords.add(line);
            step.log(LogRecords.stderr(line));
        });
        PipesSession session = new PipesSession(step);
        try {
            Exit exit = awaitExit(process, stdout, stderr, messages, session);
            groups.end(process.group());
            stdout.awaitEnd(LINGER);
            stderr.awaitEnd(LINGER);
            messages.readRest(session::accept);
            return session.result(exit, lastWords.toString());
        } catch (InterruptedException stopped) {
            stop(process);
            stdout.awaitEnd(LINGER);
            stderr.awaitEnd(LINGER);
            messages.readRest(session::accept);
            throw stopped;
        } finally {
            groups.end(process.group());
        }
    }

    private static Exit awaitExit(
            RunningProcess process, OutputLines stdout, OutputLines stderr, MessageFile messages, PipesSession session)
            throws IOException, InterruptedException {
        while (true) {
            if (ended(process.exit(), LOOK)) {
                return process.exit().join();
            }
            messages.read(session::accept);
            if (stdout.ended() && stderr.ended() && (process.orphaned().isDone() || session.closed())) {
                return ended(process.exit(), LINGER) ? process.exit().join() : new Exit.Unknown();
            }
        }
    }

    private static boolean ended(CompletableFuture<Exit> exit, Duration patience) throws InterruptedException {
        try {
            exit.get(patience.toMillis(), TimeUnit.MILLISECONDS);
            return true;
        } catch (TimeoutException notYet) {
            return false;
        } catch (ExecutionException e) {
            throw new IllegalStateException(e.getCause());
        }
    }

    /** Asks the process to end, then makes it. An interruption meanwhile ends the asking. */
    private void stop(RunningProcess process) {
        groups.signal(ProcessGroups.TERM, process.group());
        try {
            if (endedUntil(process, Instant.now().plus(spec.grace()))) {
                return;
            }
        } catch (InterruptedException again) {
            // whoever interrupts twice is in a hurry
        }
        groups.signal(ProcessGroups.KILL, process.group());
        try {
            endedUntil(process, Instant.now().plus(KILLED));
        } catch (InterruptedException again) {
            // the signal was sent
        }
    }

    private static boolean endedUntil(RunningProcess process, Instant until) throws InterruptedException {
        return ended(process.exit(), Duration.between(Instant.now(), until));
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
