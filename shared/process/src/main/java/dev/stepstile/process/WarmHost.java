package dev.stepstile.process;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.stepstile.codec.Json;
import java.io.FileInputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A process that has loaded the user's code and forks a child for each step. Commands and events are lines of JSON on
 * its standard input and output; a child's output comes straight from the child, by named pipes in the attempt's
 * folder, so a step outlives its host.
 */
final class WarmHost {
    private static final Logger LOG = LoggerFactory.getLogger(WarmHost.class);
    private static final Duration EXIT_TIMEOUT = Duration.ofSeconds(5);

    private final String name;
    private final ProcessGroups groups;
    private final Reloading reloading;
    private final Process process;
    private final OutputTail stderrTail = new OutputTail();
    private final OutputLines events;
    private final OutputLines printed;
    private final CompletableFuture<Void> ready = new CompletableFuture<>();
    private final ReentrantLock lock = new ReentrantLock();
    private final Map<Integer, Child> children = new TreeMap<>();
    private int reserved;
    private long memory;
    private boolean retired;
    private volatile boolean unusable;

    /**
     * A step's child, which the host knows by its number. Once {@code taken} is done the host may have started the
     * step; {@code started} has the child's process id.
     */
    record Child(
            int number,
            Path folder,
            CompletableFuture<Void> taken,
            CompletableFuture<Long> started,
            CompletableFuture<Void> abandoned,
            CompletableFuture<ProcessExit> exit,
            CompletableFuture<Void> orphaned) {

        Child(int number, Path folder) {
            this(
                    number,
                    folder,
                    new CompletableFuture<>(),
                    new CompletableFuture<>(),
                    new CompletableFuture<>(),
                    new CompletableFuture<>(),
                    new CompletableFuture<>());
        }

        boolean hasStarted() {
            return started.isDone() && !started.isCompletedExceptionally();
        }
    }

    WarmHost(HandlerSpec spec, ProcessGroups groups, Reloading reloading) throws IOException {
        this.name = spec.name();
        this.groups = groups;
        this.reloading = reloading;
        ProcessBuilder builder = spec.process();
        builder.environment()
                .put(ProcessGroups.MARK, ProcessGroups.mark(groups.folder().resolve("host")));
        process = builder.start();
        printed = new OutputLines(process.getErrorStream(), line -> {
            stderrTail.add(line);
            LOG.info("Host of '{}': {}", name, line);
        });
        events = new OutputLines(process.getInputStream(), this::onLine);
        OutputLines.READERS.execute(this::awaitExit);
    }

    boolean alive() {
        return process.isAlive() && !unusable;
    }

    boolean exited() {
        return !process.isAlive();
    }

    boolean ready() {
        return ready.isDone() && !ready.isCompletedExceptionally();
    }

    boolean shouldRecycle(HandlerSpec.Warm limits) {
        lock.lock();
        try {
            return reserved >= limits.maxSteps() || memory > limits.maxMemory();
        } finally {
            lock.unlock();
        }
    }

    /**
     * Reserves a place for a step, so that the host does not exit before it.
     *
     * @throws HostExited if the host has exited
     */
    Child reserve(Path folder) throws HostExited {
        lock.lock();
        try {
            if (!alive()) {
                throw new HostExited();
            }
            reserved++;
            Child child = new Child(reserved, folder);
            children.put(reserved, child);
            return child;
        } finally {
            lock.unlock();
        }
    }

    /**
     * Starts a step, once the host has loaded its code.
     *
     * @param anyway even if a source file has changed since the host loaded it
     * @throws HostExited if the host exited before it took the step, or refused it as a source file has changed;
     *     another host may run it
     */
    RunningProcess launch(Child child, SortedMap<String, String> pipes, Duration patience, boolean anyway)
            throws IOException, ProcessFailed, HostExited, InterruptedException {
        boolean sent = false;
        try {
            await(ready, patience, "did not load its code");
            ObjectNode command = Json.object()
                    .put("start", child.number())
                    .put("folder", child.folder().toString());
            ObjectNode environment = command.putObject("environment");
            pipes.forEach(environment::put);
            if (anyway) {
                command.put("anyway", true);
            }
            sendCommand(command);
            sent = true;
            long group = await(child.started(), patience, "did not start the step");
            RunningProcess running = new RunningProcess(
                    group,
                    pipe(child.folder(), "stdout"),
                    pipe(child.folder(), "stderr"),
                    child.exit(),
                    child.orphaned());
            release(child);
            return running;
        } catch (IOException | ProcessFailed | HostExited | InterruptedException stopped) {
            abandon(child, sent);
            release(child);
            throw stopped;
        }
    }

    /** Nobody waits for this child any more: it is killed if it runs, or as soon as it is started. */
    private void abandon(Child child, boolean sent) {
        lock.lock();
        try {
            child.abandoned().complete(null);
            if (!sent) {
                children.remove(child.number());
                endIfIdle();
            } else if (child.hasStarted()) {
                groups.signal(ProcessGroups.KILL, child.started().join());
            }
        } finally {
            lock.unlock();
        }
    }

    /**
     * Waits for an event of the host; a host that does not send it in time is killed, and the next step gets another.
     */
    private <T> T await(CompletableFuture<T> event, Duration patience, String failure)
            throws ProcessFailed, HostExited, InterruptedException {
        try {
            return event.get(patience.toMillis(), TimeUnit.MILLISECONDS);
        } catch (TimeoutException e) {
            unusable = true;
            process.destroyForcibly();
            throw new ProcessFailed("The host of '" + name + "' " + failure + " within " + patience.toSeconds()
                    + " s and was killed; the next step gets another. If it needs that long, allow more with"
                    + " 'startSeconds'.");
        } catch (ExecutionException e) {
            if (e.getCause() instanceof ProcessFailed failed) {
                throw failed;
            }
            if (e.getCause() instanceof HostExited exited) {
                throw exited;
            }
            throw new IllegalStateException(e.getCause());
        }
    }

    private void sendCommand(ObjectNode command) throws HostExited {
        try {
            send(command);
        } catch (IOException e) {
            unusable = true;
            throw new HostExited();
        }
    }

    private void send(ObjectNode command) throws IOException {
        byte[] line = (Json.print(command) + "\n").getBytes(StandardCharsets.UTF_8);
        lock.lock();
        try {
            OutputStream commands = process.getOutputStream();
            commands.write(line);
            commands.flush();
        } finally {
            lock.unlock();
        }
    }

    /** Tells the host that it may close its end of the step's output. */
    private void release(Child child) {
        try {
            send(Json.object().put("release", child.number()));
        } catch (IOException e) {
            // the host is gone, and what it held with it
        }
    }

    /** Opens a named pipe for reading, without waiting for a writer should there be none any more. */
    private static FileInputStream pipe(Path folder, String name) throws IOException {
        String path = folder.resolve(name).toString();
        RandomAccessFile bothEnds = new RandomAccessFile(path, "rw");
        try {
            return new FileInputStream(path);
        } finally {
            bothEnds.close();
        }
    }

    private void onLine(String line) {
        try {
            onEvent(Json.parse(line));
        } catch (Json.BadJson e) {
            unusable = true;
            ready.completeExceptionally(new ProcessFailed(
                    "The host of '" + name + "' wrote something other than an event on its standard output; the"
                            + " 'command' of a warm handler is a host, as 'python3 -m stepstile_host' is."));
            process.destroyForcibly();
        }
    }

    private void onEvent(JsonNode event) {
        lock.lock();
        try {
            memory = event.path("memory").asLong(memory);
            if (event.has("ready")) {
                ready.complete(null);
            } else if (event.has("taken")) {
                Child child = children.get(event.path("taken").asInt());
                if (child != null) {
                    child.taken().complete(null);
                }
            } else if (event.has("started")) {
                Child child = children.get(event.path("started").asInt());
                if (child != null) {
                    child.started().complete(event.path("pid").asLong());
                    if (child.abandoned().isDone()) {
                        groups.signal(ProcessGroups.KILL, child.started().join());
                    }
                }
            } else if (event.has("stale")) {
                onStale(event);
            } else if (event.has("refused")) {
                Child child = children.remove(event.path("refused").asInt());
                if (child != null) {
                    child.started()
                            .completeExceptionally(new ProcessFailed("The host of '" + name
                                    + "' could not start the step: "
                                    + event.path("reason").asText()));
                }
            } else if (event.has("ended")) {
                Child child = children.remove(event.path("ended").asInt());
                if (child != null) {
                    child.exit().complete(exit(event));
                }
                endIfIdle();
            }
        } finally {
            lock.unlock();
        }
    }

    /** The host has loaded old code: steps that run in it finish undisturbed, and all others get another host. */
    private void onStale(JsonNode event) {
        String changed = event.path("changed").asText();
        Child child = children.remove(event.path("stale").asInt());
        if (!retired) {
            int running = children.size();
            reloading.report("Handler '" + name + "': " + changed + " has changed; new steps run the new code"
                    + (running == 0 ? "." : ", " + running + " that run now end with the old one."));
        }
        unusable = true;
        retired = true;
        if (child != null) {
            child.started().completeExceptionally(new HostExited(Path.of(changed)));
        }
        endIfIdle();
    }

    /** Code in the host may have waited for the child itself, so that the host cannot report how it ended. */
    private static ProcessExit exit(JsonNode event) {
        if (event.has("signal")) {
            return new ProcessExit.Signal(event.path("signal").asInt());
        }
        return event.has("status") ? new ProcessExit.Status(event.path("status").asInt()) : new ProcessExit.Unknown();
    }

    private void awaitExit() {
        try {
            onExit(ProcessExit.ofJvm(process.waitFor()));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Running steps continue without their host, and are still killed together with this JVM. */
    private void onExit(ProcessExit exit) {
        events.awaitEnd(EXIT_TIMEOUT);
        printed.awaitEnd(EXIT_TIMEOUT);
        lock.lock();
        try {
            ProcessFailed why = exitedEarly(exit);
            if (!retired) {
                LOG.warn(
                        "Host of '{}' {}; its {} running steps continue, the next step gets another host.",
                        name,
                        exit.describe(),
                        children.size());
            }
            ready.completeExceptionally(why);
            for (Child child : children.values()) {
                child.started().completeExceptionally(child.taken().isDone() ? why : new HostExited());
                if (child.hasStarted()) {
                    adoptGroup(child.started().join(), child.folder());
                    child.orphaned().complete(null);
                }
            }
            children.clear();
        } finally {
            lock.unlock();
        }
    }

    private void adoptGroup(long group, Path folder) {
        try {
            groups.adopt(group, folder);
        } catch (IOException e) {
            LOG.warn("Process group {} may outlive this process ({}).", group, e.toString());
        }
    }

    private ProcessFailed exitedEarly(ProcessExit exit) {
        String tail = stderrTail.toString();
        return new ProcessFailed("The host of '" + name + "' " + exit.describe() + " before the step began"
                + (tail.isEmpty() ? "." : "; the end of its standard error: " + tail));
    }

    /** Takes no further steps, and exits after the last one that runs. */
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
        if (retired && children.isEmpty()) {
            closeInput();
        }
    }

    private void closeInput() {
        try {
            process.getOutputStream().close();
        } catch (IOException e) {
            process.destroyForcibly();
        }
    }

    /** Ends the host and the steps that run in it. */
    void close() {
        lock.lock();
        try {
            retired = true;
            closeInput();
        } finally {
            lock.unlock();
        }
        try {
            if (!process.waitFor(EXIT_TIMEOUT.toMillis(), TimeUnit.MILLISECONDS)) {
                process.destroyForcibly();
            }
        } catch (InterruptedException e) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
        }
    }

    /** The host has exited or takes no more steps, and has not started this one. */
    static final class HostExited extends Exception {
        private final @Nullable Path changed;

        HostExited() {
            this(null);
        }

        /** @param changed the file that has changed since the host loaded it; null if none has */
        HostExited(@Nullable Path changed) {
            this.changed = changed;
        }

        @Nullable
        Path changed() {
            return changed;
        }
    }
}
