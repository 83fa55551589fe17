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
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A process that has the user's code loaded and forks a child for each step. CommandLauncher and events are lines of JSON on its
 * standard input and output; a child's output comes straight from the child, by named pipes in the attempt's folder, so a
 * step outlives its host.
 */
final class WarmHost {
    private static final Logger LOG = LoggerFactory.getLogger(WarmHost.class);
    private static final Duration GONE = Duration.ofSeconds(5);

    private final String name;
    private final ProcessGroups groups;
    private final Process process;
    private final OutputTail lastWords = new OutputTail();
    private final OutputLines events;
    private final OutputLines printed;
    private final CompletableFuture<Void> ready = new CompletableFuture<>();
    private final ReentrantLock lock = new ReentrantLock();
    private final Map<Integer, Child> children = new TreeMap<>();
    private int begun;
    private long memory;
    private boolean retired;
    private volatile boolean condemned;

    /**
     * A step's child as the host knows it by its number. {@code taken} says that the host may have done something for it,
     * {@code started} gives its process id.
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

        boolean begun() {
            return started.isDone() && !started.isCompletedExceptionally();
        }
    }

    WarmHost(HandlerSpec spec, ProcessGroups groups) throws IOException {
        this.name = spec.name();
        this.groups = groups;
        ProcessBuilder builder = spec.process();
        builder.environment()
                .put(ProcessGroups.MARK, ProcessGroups.mark(groups.folder().resolve("host")));
        process = builder.start();
        printed = new OutputLines(process.getErrorStream(), line -> {
            lastWords.add(line);
            LOG.info("Host of '{}': {}", name, line);
        });
        events = new OutputLines(process.getInputStream(), this::hear);
        OutputLines.READERS.execute(this::awaitDeath);
    }

    boolean alive() {
        return process.isAlive() && !condemned;
    }

    boolean ended() {
        return !process.isAlive();
    }

    boolean ready() {
        return ready.isDone() && !ready.isCompletedExceptionally();
    }

    boolean grown(HandlerSpec.Warm limits) {
        lock.lock();
        try {
            return begun >= limits.maxSteps() || memory > limits.maxMemory();
        } finally {
            lock.unlock();
        }
    }

    /**
     * Takes a place for a step, which keeps the host from ending before it.
     *
     * @throws Gone if it has ended
     */
    Child reserve(Path folder) throws Gone {
        lock.lock();
        try {
            if (!alive()) {
                throw new Gone();
            }
            begun++;
            Child child = new Child(begun, folder);
            children.put(begun, child);
            return child;
        } finally {
            lock.unlock();
        }
    }

    /**
     * Begins a step, once the host has loaded its code.
     *
     * @param anyway even if a source file has changed since the host loaded it
     * @throws Gone if the host ended before it took up the step, or did not want to as a source file has changed; another
     *     may be told of it
     */
    RunningProcess launch(Child child, SortedMap<String, String> pipes, Duration patience, boolean anyway)
            throws IOException, ProcessFailed, Gone, InterruptedException {
        boolean sent = false;
        try {
            answer(ready, patience, "did not load its code");
            ObjectNode command = Json.object()
                    .put("start", child.number())
                    .put("folder", child.folder().toString());
            ObjectNode environment = command.putObject("environment");
            pipes.forEach(environment::put);
            if (anyway) {
                command.put("anyway", true);
            }
            hand(command);
            sent = true;
            long group = answer(child.started(), patience, "did not begin the step");
            RunningProcess running = new RunningProcess(
                    group,
                    pipe(child.folder(), "stdout"),
                    pipe(child.folder(), "stderr"),
                    child.exit(),
                    child.orphaned());
            release(child);
            return running;
        } catch (IOException | ProcessFailed | Gone | InterruptedException stopped) {
            abandon(child, sent);
            release(child);
            throw stopped;
        }
    }

    /** Nobody waits for this child any more; if it runs, or will, it is killed. */
    private void abandon(Child child, boolean sent) {
        lock.lock();
        try {
            child.abandoned().complete(null);
            if (!sent) {
                children.remove(child.number());
                endIfIdle();
            } else if (child.begun()) {
                groups.signal(ProcessGroups.KILL, child.started().join());
            }
        } finally {
            lock.unlock();
        }
    }

    /** Waits for what the host is to say; one that says nothing is killed, and the next step gets another. */
    private <T> T answer(CompletableFuture<T> said, Duration patience, String otherwise)
            throws ProcessFailed, Gone, InterruptedException {
        try {
            return said.get(patience.toMillis(), TimeUnit.MILLISECONDS);
        } catch (TimeoutException e) {
            condemned = true;
            process.destroyForcibly();
            throw new ProcessFailed("The host of '" + name + "' " + otherwise + " within " + patience.toSeconds()
                    + " s and was killed; the next step gets another. Should it take so long, give it more by"
                    + " 'startSeconds'.");
        } catch (ExecutionException e) {
            if (e.getCause() instanceof ProcessFailed failed) {
                throw failed;
            }
            if (e.getCause() instanceof Gone gone) {
                throw gone;
            }
            throw new IllegalStateException(e.getCause());
        }
    }

    private void hand(ObjectNode command) throws Gone {
        try {
            send(command);
        } catch (IOException e) {
            condemned = true;
            throw new Gone();
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

    /** The host need not hold the step's output open any more. */
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

    private void hear(String line) {
        try {
            event(Json.parse(line));
        } catch (Json.BadJson e) {
            condemned = true;
            ready.completeExceptionally(
                    new ProcessFailed("The host of '" + name + "' wrote on its standard output what is no event; the"
                            + " 'command' of a warm handler is a host, as 'python3 -m stepstile_host' is."));
            process.destroyForcibly();
        }
    }

    private void event(JsonNode event) {
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
                outdated(event);
            } else if (event.has("refused")) {
                Child child = children.remove(event.path("refused").asInt());
                if (child != null) {
                    child.started()
                            .completeExceptionally(new ProcessFailed("The host of '" + name
                                    + "' could not begin the step: "
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

    /** The host has old code: steps that run in it end undisturbed, and all others get another host. */
    private void outdated(JsonNode event) {
        if (!retired) {
            LOG.info(
                    "Host of '{}': {} has changed since it was loaded; the next step gets a new host, those that run"
                            + " in this one end in it.",
                    name,
                    event.path("changed").asText());
        }
        condemned = true;
        retired = true;
        Child child = children.remove(event.path("stale").asInt());
        if (child != null) {
            child.started().completeExceptionally(new Gone());
        }
        endIfIdle();
    }

    /** Code in the host may have waited for the child, and keep to itself how it ended. */
    private static ProcessExit exit(JsonNode event) {
        if (event.has("signal")) {
            return new ProcessExit.Signal(event.path("signal").asInt());
        }
        return event.has("status") ? new ProcessExit.Status(event.path("status").asInt()) : new ProcessExit.Unknown();
    }

    private void awaitDeath() {
        try {
            died(ProcessExit.ofJvm(process.waitFor()));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Steps that run go on without it, and are killed with this JVM all the same. */
    private void died(ProcessExit exit) {
        events.awaitEnd(GONE);
        printed.awaitEnd(GONE);
        lock.lock();
        try {
            ProcessFailed why = ended(exit);
            if (!retired) {
                LOG.warn(
                        "Host of '{}' {}; {} steps run on, the next one gets another host.",
                        name,
                        exit.said(),
                        children.size());
            }
            ready.completeExceptionally(why);
            for (Child child : children.values()) {
                child.started().completeExceptionally(child.taken().isDone() ? why : new Gone());
                if (child.begun()) {
                    own(child.started().join(), child.folder());
                    child.orphaned().complete(null);
                }
            }
            children.clear();
        } finally {
            lock.unlock();
        }
    }

    private void own(long group, Path folder) {
        try {
            groups.own(group, folder);
        } catch (IOException e) {
            LOG.warn("Process group {} would outlive this process ({}).", group, e.toString());
        }
    }

    private ProcessFailed ended(ProcessExit exit) {
        String words = lastWords.toString();
        return new ProcessFailed("The host of '" + name + "' " + exit.said() + " before the step began"
                + (words.isEmpty() ? "." : "; its last words: " + words));
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
            if (!process.waitFor(GONE.toMillis(), TimeUnit.MILLISECONDS)) {
                process.destroyForcibly();
            }
        } catch (InterruptedException e) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
        }
    }

    /** The host has ended or takes no more steps, and has done nothing for this one. */
    static final class Gone extends Exception {}
}
