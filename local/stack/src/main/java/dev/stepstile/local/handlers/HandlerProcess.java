package dev.stepstile.local.handlers;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.stepstile.api.StepContext;
import dev.stepstile.api.StepInput;
import dev.stepstile.api.StepResult;
import dev.stepstile.codec.Json;
import dev.stepstile.process.OutputLines;
import dev.stepstile.process.OutputTail;
import dev.stepstile.process.ProcessExit;
import dev.stepstile.step.StepError;
import dev.stepstile.step.StepEvent.FailureKind;
import dev.stepstile.usecase.AttemptFailed;
import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
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
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A process with the user's Java handlers, which runs steps of this stack, as its stack sees it. */
final class HandlerProcess {
    private static final Logger LOG = LoggerFactory.getLogger(HandlerProcess.class);

    /** How long a JVM may take to load the handlers. */
    private static final Duration START = Duration.ofSeconds(60);

    /** How often it is looked whether a step is to be told that it is cancelled. */
    private static final Duration LOOK = Duration.ofMillis(100);

    /** How long to wait for a process that has closed its pipes, or was killed, to exit. */
    private static final Duration GONE = Duration.ofSeconds(5);

    /** How long a step that runs alone may go on after it was interrupted, before its process is killed. */
    private static final Duration GRACE = Duration.ofSeconds(5);

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
    private final ReentrantLock lock = new ReentrantLock();

    /**
     * Held while a command is written, which may take until the process has read others. Its events are read meanwhile, as
     * a process that cannot write reads nothing: whoever reads them must never wait for this.
     */
    private final ReentrantLock sender = new ReentrantLock();

    private final SortedMap<Integer, Step> steps = new TreeMap<>();
    private int numbers;
    private boolean retired;
    private boolean ended;
    private volatile boolean closing;
    private volatile boolean refused;

    /** A step that the process runs; its end is the event that tells of it. */
    private record Step(
            int number, StepContext context, CompletableFuture<Void> taken, CompletableFuture<JsonNode> end) {
        String name() {
            return context.runId() + "/" + context.stepKey() + " (attempt " + context.attempt() + ")";
        }
    }

    /**
     * How a process ended that nobody had told to.
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
     * @param whenEnded told once, before any step of the process is, if it was not to end
     */
    HandlerProcess(HandlerCopy copy, List<String> javaOptions, Path crashes, Consumer<Ended> whenEnded)
            throws IOException {
        this.copy = copy;
        this.crashes = crashes;
        this.whenEnded = whenEnded;
        process = new ProcessBuilder(command(copy, javaOptions, crashes)).start();
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
    Place reserve(StepContext context) {
        lock.lock();
        try {
            if (!takesSteps()) {
                return null;
            }
            numbers++;
            Step step = new Step(numbers, context, new CompletableFuture<>(), new CompletableFuture<>());
            steps.put(step.number(), step);
            return new Place(step);
        } finally {
            lock.unlock();
        }
    }

    /** A step's place in the process. */
    final class Place {
        private final Step step;

        private Place(Step step) {
            this.step = step;
        }

        /**
         * Runs the step to its end. An interruption is handed on to the handler, whose end is waited for as if it ran in
         * this thread.
         *
         * @param alone whether the process is the step's own, to be killed should it take no notice of an interruption
         */
        StepResult run(String handler, StepInput input, boolean alone) throws Exception {
            try {
                send(HandlerProtocol.start(step.number(), handler, input, step.context()));
                return HandlerProtocol.ended(awaitEnd(alone));
            } catch (IOException gone) {
                throw lost();
            } finally {
                leave();
            }
        }

        private JsonNode awaitEnd(boolean alone) throws Exception {
            boolean told = false;
            long killAt = Long.MAX_VALUE;
            while (true) {
                try {
                    return step.end().get(LOOK.toMillis(), TimeUnit.MILLISECONDS);
                } catch (TimeoutException running) {
                    if (!told && step.context().cancelled()) {
                        told = true;
                        tell("cancelled");
                    }
                    if (System.nanoTime() > killAt) {
                        kill();
                    }
                } catch (InterruptedException interrupted) {
                    if (!told && step.context().cancelled()) {
                        told = true;
                        tell("cancelled");
                    }
                    tell("interrupt");
                    killAt = alone ? Math.min(killAt, System.nanoTime() + GRACE.toNanos()) : killAt;
                } catch (ExecutionException e) {
                    throw e.getCause() instanceof Exception ended ? ended : e;
                }
            }
        }

        private void tell(String what) {
            try {
                send(Json.object().put(what, step.number()));
            } catch (IOException gone) {
                // its end tells
            }
        }

        /** The process is gone: says so once it is known how. */
        private Exception lost() throws InterruptedException {
            try {
                step.end().get(2 * GONE.toMillis(), TimeUnit.MILLISECONDS);
                return new NotTaken();
            } catch (ExecutionException e) {
                return e.getCause() instanceof Exception ended ? ended : e;
            } catch (TimeoutException e) {
                return new NotTaken();
            }
        }

        /** Gives the place up, unless its step has run. */
        void leave() {
            lock.lock();
            try {
                steps.remove(step.number());
                endIfIdle();
            } finally {
                lock.unlock();
            }
        }
    }

    private void send(ObjectNode command) throws IOException {
        byte[] line = (Json.print(command) + "\n").getBytes(StandardCharsets.UTF_8);
        sender.lock();
        try {
            OutputStream commands = process.getOutputStream();
            commands.write(line);
            commands.flush();
        } finally {
            sender.unlock();
        }
    }

    /** Reads what the process says, to its end. */
    private void follow() {
        try (BufferedReader events =
                new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
            for (String line = events.readLine(); line != null; line = events.readLine()) {
                hear(Json.parse(line));
            }
        } catch (IOException | Json.BadJson broken) {
            LOG.warn("Handlers' process {} cannot be understood ({}); it is killed.", process.pid(), broken.toString());
        }
        end();
    }

    private void hear(JsonNode event) {
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
            refused = true; // it ends by itself, and whoever waits for it says why
            ready.completeExceptionally(new NotLoaded(event.path("refused").asText()));
        } else {
            Map.Entry<String, JsonNode> first = event.properties().iterator().next();
            Step step = step(first.getValue().asInt());
            if (step != null) {
                hear(step, first.getKey(), event);
            }
        }
    }

    private static void hear(Step step, String what, JsonNode event) {
        switch (what) {
            case "taken" -> step.taken().complete(null);
            case "log" -> step.context().log(event.path("line").asText());
            case "progress" ->
                step.context()
                        .progress(
                                Double.parseDouble(event.path("fraction").asText()),
                                event.path("note").asText());
            case "ended" -> step.end().complete(event);
            default -> LOG.warn("A handlers' process said '{}', which is unknown.", what);
        }
    }

    private @Nullable Step step(int number) {
        lock.lock();
        try {
            return steps.get(number);
        } finally {
            lock.unlock();
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
        List<Step> running;
        lock.lock();
        try {
            ended = true;
            running =
                    steps.values().stream().filter(step -> !step.end().isDone()).toList();
        } finally {
            lock.unlock();
        }
        ready.completeExceptionally(
                new NotLoaded("the process " + how + (last.isEmpty() ? "" : "; the last lines it printed: " + last)));
        if (!closing && !refused) {
            List<String> names = running.stream()
                    .filter(step -> step.taken().isDone())
                    .map(Step::name)
                    .toList();
            whenEnded.accept(new Ended(process.pid(), crashed ? how + " (see " + crashFile() + ")" : how, names));
        }
        for (Step step : running) {
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
            if (!process.waitFor(GONE.toMillis(), TimeUnit.MILLISECONDS)) {
                kill();
                process.waitFor(GONE.toMillis(), TimeUnit.MILLISECONDS);
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
                        + (last.isEmpty() ? "." : "; the last lines it printed: " + last));
    }

    /** Takes no further steps, and ends with the last that runs. */
    void retire() {
        lock.lock();
        try {
            retired = true;
            endIfIdle();
        } finally {
            lock.unlock();
        }
    }

    private void endIfIdle() {
        if (retired && steps.isEmpty()) {
            closing = true;
            try {
                process.getOutputStream().close();
            } catch (IOException e) {
                kill();
            }
        }
    }

    /** Whether it would take one more step. */
    boolean takesSteps() {
        lock.lock();
        try {
            return !ended && !retired && process.isAlive();
        } finally {
            lock.unlock();
        }
    }

    /** Whether it has ended, and every step of it was told. */
    boolean ended() {
        lock.lock();
        try {
            return ended;
        } finally {
            lock.unlock();
        }
    }

    /** How many steps run in it. */
    int running() {
        lock.lock();
        try {
            return steps.size();
        } finally {
            lock.unlock();
        }
    }

    /** By its handle: {@link Process#destroyForcibly} would also close the pipes, and with them what was not yet read. */
    private void kill() {
        process.toHandle().destroyForcibly();
    }

    /** Ends the process with the steps that run in it. */
    void close() {
        closing = true;
        kill();
    }
}
