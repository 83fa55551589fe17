package dev.stepstile.local.handlers;

import com.fasterxml.jackson.databind.JsonNode;
import dev.stepstile.api.StepContext;
import dev.stepstile.codec.Json;
import dev.stepstile.process.OutputLines;
import dev.stepstile.process.OutputTail;
import dev.stepstile.process.ProcessExit;
import dev.stepstile.step.StepError;
import dev.stepstile.step.StepEvent.FailureKind;
import dev.stepstile.usecase.AttemptFailed;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A process with the user's Java handlers, which runs steps of this stack, as its stack sees it. */
final class HandlerProcess {
    private static final Logger LOG = LoggerFactory.getLogger(HandlerProcess.class);

    /** How long a JVM may take to load the handlers. */
    private static final Duration START = Duration.ofSeconds(60);

    /** How long to wait for a process that has closed its pipes, or was killed, to exit. */
    static final Duration EXIT_TIMEOUT = Duration.ofSeconds(5);

    /**
     * The pipes are moved away from standard input and output, which are the user's code's to read and print on; the shell
     * then becomes the JVM. Ctrl-C, and the end of a terminal, reach every process of its foreground: this one ends when
     * the stack has done with it, so both are ignored, which a JVM inherits.
     */
    private static final String PIPES = "trap '' INT HUP; exec 3>&1 4<&0 1>&2 </dev/null; exec \"$@\"";

    /** What the JVM writes when it crashes; it puts its process id in. */
    private static final String CRASH_FILE = "handlers-crash-%p.log";

    private static final String EVENTS = "/dev/fd/3";
    private static final String COMMANDS = "/dev/fd/4";

    private final HandlerCopy copy;
    private final Path crashes;
    private final Process process;
    private final OutputTail lastLines = new OutputTail();
    private final OutputLines printed;
    private final CompletableFuture<SortedMap<String, Loaded>> ready = new CompletableFuture<>();
    private final Consumer<Ended> whenEnded;
    private final HandlerConnection connection;
    private final HostedSteps steps = new HostedSteps();
    private volatile boolean closing;
    private volatile boolean refused;

    /**
     * How a process ended that nobody had asked to end.
     *
     * @param how such as "ended with status 7"
     * @param steps those that ran in it
     */
    record Ended(long pid, String how, List<String> steps) {}

    /** The process ended before it took up a step: another may run it, and no attempt is lost. */
    static final class NotTaken extends Exception {}

    /** The process cannot run any step. */
    static final class NotLoaded extends Exception {
        NotLoaded(String message) {
            super(message);
        }
    }

    /**
     * @param copy of the handlers, released when the process ends
     * @param crashes the folder for what the JVM writes when it crashes
     * @param whenEnded called once, before any step of the process ends, if the process was not to end
     */
    HandlerProcess(HandlerCopy copy, List<String> javaOptions, Path crashes, Consumer<Ended> whenEnded)
            throws IOException {
        this.copy = copy;
        this.crashes = crashes;
        this.whenEnded = whenEnded;
        process = new ProcessBuilder(command(copy, javaOptions, crashes)).start();
        connection = new HandlerConnection(process);
        printed = new OutputLines(process.getErrorStream(), line -> {
            lastLines.add(line);
            LOG.info("Handlers' process {}: {}", process.pid(), line);
        });
        Thread.ofPlatform()
                .daemon()
                .inheritInheritableThreadLocals(false)
                .name("handlers-process-" + process.pid())
                .start(this::follow);
    }

    private static List<String> command(HandlerCopy copy, List<String> javaOptions, Path crashes) {
        List<String> command = new ArrayList<>(List.of("sh", "-c", PIPES, "sh"));
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(List.of(
                "-Xmx1g",
                "-XX:+UseParallelGC",
                "-Xshare:auto",
                "-XX:+ExitOnOutOfMemoryError", // threads other than the guilty one may have missed an allocation too
                "-XX:-CreateCoredumpOnCrash",
                "-XX:ErrorFile=" + crashes.resolve(CRASH_FILE),
                "-Dlog4j2.configurationFile=classpath:stepstile-handlers-log4j2.xml",
                "--enable-native-access=ALL-UNNAMED",
                "--sun-misc-unsafe-memory-access=allow"));
        command.addAll(javaOptions);
        List<String> entries = copy.entries().stream().map(Path::toString).toList();
        command.add("-cp");
        command.add(
                System.getProperty("java.class.path") + File.pathSeparator + String.join(File.pathSeparator, entries));
        command.addAll(List.of(HandlerProcessMain.class.getName(), COMMANDS, EVENTS));
        command.addAll(entries);
        return command;
    }

    /**
     * Waits until the handlers are loaded.
     *
     * @return by name
     */
    SortedMap<String, Loaded> handlers() throws NotLoaded, InterruptedException {
        try {
            return ready.get(START.toMillis(), TimeUnit.MILLISECONDS);
        } catch (TimeoutException e) {
            kill();
            throw new NotLoaded("they were not loaded within " + START.toSeconds() + " s");
        } catch (ExecutionException e) {
            throw e.getCause() instanceof NotLoaded why ? why : new NotLoaded(e.toString());
        }
    }

    /** Takes a place for a step, which keeps the process from being ended before it; null if it takes none any more. */
    @Nullable
    HandlerPlace reserve(StepContext context) {
        HostedStep step = process.isAlive() ? steps.add(context) : null;
        return step == null ? null : new HandlerPlace(this, step);
    }

    HandlerConnection connection() {
        return connection;
    }

    /** A step has run, or is not to run here. */
    void leave(HostedStep step) {
        if (steps.remove(step)) {
            endProcess();
        }
    }

    /** Reads the events of the process, to its end. */
    private void follow() {
        try {
            connection.readEvents(this::handle);
        } catch (IOException | Json.BadJson broken) {
            LOG.warn(
                    "Handlers' process {} sent an event that cannot be read ({}); it is killed.",
                    process.pid(),
                    broken.toString());
        }
        end();
    }

    private void handle(JsonNode event) {
        if (event.has("ready")) {
            SortedMap<String, Loaded> handlers = new TreeMap<>();
            for (JsonNode handler : event.path("ready")) {
                handlers.put(
                        handler.path("name").asText(),
                        new Loaded(
                                copy.originals().get(handler.path("entry").asInt()),
                                Duration.parse(handler.path("grace").asText())));
            }
            ready.complete(handlers);
        } else if (event.has("refused")) {
            refused = true; // it ends by itself, and the callers that wait for it get the reason
            ready.completeExceptionally(new NotLoaded(event.path("refused").asText()));
        } else {
            Map.Entry<String, JsonNode> first = event.properties().iterator().next();
            HostedStep step = steps.find(first.getValue().asInt());
            if (step != null) {
                step.handle(first.getKey(), event);
            }
        }
    }

    private Path crashFile() {
        return crashes.resolve(CRASH_FILE.replace("%p", Long.toString(process.pid())));
    }

    /** Its events have ended: so does it, or it is made to. */
    private void end() {
        ProcessExit exit = awaitExit();
        printed.awaitEnd(Duration.ofSeconds(1));
        boolean crashed = Files.exists(crashFile()); // by a signal, of which nothing is left in its status
        String how = crashed ? "crashed" : exit.describe();
        String last = lastLines.toString();
        List<HostedStep> running = steps.processEnded();
        ready.completeExceptionally(
                new NotLoaded("the process " + how + (last.isEmpty() ? "" : "; the end of its output: " + last)));
        if (!closing && !refused) {
            List<String> names = running.stream()
                    .filter(step -> step.taken().isDone())
                    .map(HostedStep::name)
                    .toList();
            whenEnded.accept(new Ended(process.pid(), crashed ? how + " (see " + crashFile() + ")" : how, names));
        }
        for (HostedStep step : running) {
            if (closing) {
                step.end().completeExceptionally(new InterruptedException("The stack is being stopped."));
            } else {
                step.end()
                        .completeExceptionally(step.taken().isDone() ? lost(how, crashed ? "" : last) : new NotTaken());
            }
        }
        copy.release();
    }

    private ProcessExit awaitExit() {
        try {
            if (!process.waitFor(EXIT_TIMEOUT.toMillis(), TimeUnit.MILLISECONDS)) {
                kill();
                process.waitFor(EXIT_TIMEOUT.toMillis(), TimeUnit.MILLISECONDS);
            }
            return ProcessExit.ofJvm(process.waitFor());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return new ProcessExit.Unknown();
        }
    }

    private static AttemptFailed lost(String how, String last) {
        return new AttemptFailed(
                FailureKind.RETRYABLE,
                StepError.Kind.WORKER_LOST,
                "The handlers' process " + how
                        + " while this step ran"
                        + (last.isEmpty() ? "." : "; the end of its output: " + last));
    }

    /** Takes no further steps, and ends with the last that runs. */
    void retire() {
        if (steps.retire()) {
            endProcess();
        }
    }

    private void endProcess() {
        closing = true;
        try {
            connection.close();
        } catch (IOException e) {
            kill();
        }
    }

    /** Whether it would take one more step. */
    boolean takesSteps() {
        return steps.takesMore() && process.isAlive();
    }

    /** Whether it has ended. */
    boolean ended() {
        return steps.haveEnded();
    }

    /** How many steps run in it. */
    int running() {
        return steps.count();
    }

    /** By its handle: {@link Process#destroyForcibly} would also close the pipes, and with them what was not yet read. */
    void kill() {
        process.toHandle().destroyForcibly();
    }

    /** Ends the process with the steps that run in it. */
    void close() {
        closing = true;
        kill();
    }
}
