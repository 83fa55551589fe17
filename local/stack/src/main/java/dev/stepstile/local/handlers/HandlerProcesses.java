package dev.stepstile.local.handlers;

import dev.stepstile.api.StepContext;
import dev.stepstile.api.StepHandler;
import dev.stepstile.api.StepInput;
import dev.stepstile.api.StepResult;
import dev.stepstile.local.handlers.HandlerProcess.NotLoaded;
import dev.stepstile.local.handlers.HandlerProcess.NotTaken;
import dev.stepstile.process.Reloading;
import dev.stepstile.step.StepError;
import dev.stepstile.step.StepEvent.FailureKind;
import dev.stepstile.usecase.AttemptFailed;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.SortedMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The user's Java handlers, in processes of their own: one that all steps share, and one for each step that may have
 * killed such a process before. When the class path changes, new steps get a new process, and those that run end in the
 * old one.
 */
public final class HandlerProcesses implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(HandlerProcesses.class);

    /** How often a step is offered to a process that ends before it takes it up. */
    private static final int OFFERS = 3;

    /** A build that is still writing is waited for: until nothing has changed for so long. */
    private static final Duration SETTLED = Duration.ofMillis(300);

    private static final Duration SETTLES_WITHIN = Duration.ofSeconds(10);

    /** How long handlers that cannot be loaded are not tried again, unless they change. */
    private static final Duration BROKEN = Duration.ofSeconds(2);

    /** How long closing waits for a copy of the class path that is being made. */
    private static final Duration COPIED = Duration.ofSeconds(2);

    private final HandlerClassPath path;
    private final List<String> javaOptions;
    private final Path crashes;
    private final Path copies;
    private final Supplier<Set<String>> taken;
    private final boolean reloaded;
    private final HandlerNotices notices;

    /**
     * Held while the class path is checked and loaded again, which may take a minute; nothing that ends the stack waits for
     * it. Taken before {@link #lock}, if both are.
     */
    private final ReentrantLock refresher = new ReentrantLock();

    private final ReentrantLock lock = new ReentrantLock();
    private final CountDownLatch closed = new CountDownLatch(1);
    private final Set<HandlerProcess> all = new HashSet<>();
    private int copied;
    private HandlerCopy copy;
    private String stamp;
    private SortedMap<String, Loaded> handlers;
    private @Nullable HandlerProcess shared;
    private @Nullable Broken broken;

    /** When the newest look at the class path began: it holds for all who asked before. */
    private long looked = System.nanoTime();

    /** The class path as it is now cannot be used. */
    private record Broken(String stamp, long since, String why) {}

    /**
     * Loads the handlers.
     *
     * @param folder the stack's
     * @param taken names that other handlers have, whenever they are asked for
     * @throws IllegalArgumentException with a sentence that says what is missing, and what to do
     */
    public HandlerProcesses(UserHandlers user, Path folder, Supplier<Set<String>> taken, Reloading reloading) {
        this.path = HandlerClassPath.of(user.classPath());
        this.javaOptions = user.javaOptions();
        this.crashes = folder;
        this.copies = folder.resolve("handlers");
        this.taken = taken;
        this.reloaded = reloading.on();
        this.notices = new HandlerNotices(reloading.notices());
        HandlerCopy.delete(copies); // of a stack that was killed
        try {
            stamp = path.stamp(path.entries());
            copy = copy();
            shared = process(copy);
            handlers = loaded(shared);
        } catch (IOException e) {
            close();
            throw new UncheckedIOException("The jars of --classpath cannot be copied to " + copies, e);
        } catch (NotLoaded e) {
            close();
            throw new IllegalArgumentException("The handlers of --classpath cannot be loaded: " + e.getMessage(), e);
        } catch (InterruptedException e) {
            close();
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while the handlers were being loaded", e);
        }
    }

    private HandlerCopy copy() throws IOException {
        copied++;
        Path folder = copies.resolve(Integer.toString(copied));
        Files.createDirectories(folder);
        return HandlerCopy.of(path.entries(), folder);
    }

    private HandlerProcess process(HandlerCopy from) throws IOException, InterruptedException {
        lock.lock();
        try {
            if (isClosed()) {
                throw new InterruptedException("The stack is being stopped.");
            }
            all.removeIf(HandlerProcess::ended);
            HandlerProcess process = started(from.retain());
            all.add(process);
            return process;
        } finally {
            lock.unlock();
        }
    }

    private HandlerProcess started(HandlerCopy retained) throws IOException {
        try {
            return new HandlerProcess(retained, javaOptions, crashes, notices::ended);
        } catch (IOException e) {
            retained.release();
            throw e;
        }
    }

    private boolean isClosed() {
        return closed.getCount() == 0;
    }

    private SortedMap<String, Loaded> loaded(HandlerProcess process) throws NotLoaded, InterruptedException {
        SortedMap<String, Loaded> loaded = process.handlers();
        if (loaded.isEmpty()) {
            process.close();
            throw new NotLoaded("no class is named in any " + HandlerClassPath.SERVICES
                    + "; name the handler classes in it, one a line, and build again");
        }
        Set<String> others = taken.get();
        for (String name : loaded.keySet()) {
            if (others.contains(name)) {
                process.close();
                throw new NotLoaded("another handler is named '" + name + "' too; rename the one in "
                        + loaded.get(name).from().getFileName());
            }
        }
        return loaded;
    }

    /** The handlers by name; looks first whether they have changed. */
    public SortedMap<String, Loaded> installed() {
        refresh();
        lock.lock();
        try {
            return handlers;
        } finally {
            lock.unlock();
        }
    }

    /** The handlers; looks first whether they have changed. */
    public List<StepHandler> handlers() {
        return installed().entrySet().stream()
                .map(each -> (StepHandler)
                        new HostedHandler(each.getKey(), each.getValue().grace(), this))
                .toList();
    }

    /** @param alone in a process of its own */
    StepResult run(String handler, StepInput input, StepContext context, boolean alone) throws Exception {
        for (int offer = 0; offer < OFFERS; offer++) {
            HandlerPlace place = place(context, alone);
            if (place != null) {
                try {
                    return place.run(handler, input, alone);
                } catch (NotTaken ended) {
                    LOG.info(
                            "Step {}/{}: the handlers' process ended before it started the step; another process runs it.",
                            context.runId(),
                            context.stepKey());
                }
            }
        }
        throw failed("The handlers' process ended " + OFFERS + " times before it started this step.");
    }

    private @Nullable HandlerPlace place(StepContext context, boolean alone)
            throws AttemptFailed, InterruptedException {
        HandlerProcess process;
        HandlerPlace place;
        lock.lock();
        try {
            Broken why = broken;
            if (why != null) {
                throw failed(why.why());
            }
            process = alone ? process(copy) : sharedProcess();
            place = process.reserve(context);
            if (alone) {
                process.retire(); // ends with its one step
            }
        } catch (IOException e) {
            throw failed("A process for the handlers cannot be started: " + e);
        } finally {
            lock.unlock();
        }
        if (place != null) {
            awaitLoaded(process, place);
        }
        return place;
    }

    private HandlerProcess sharedProcess() throws IOException, InterruptedException {
        HandlerProcess process = shared;
        if (process == null || !process.takesSteps()) {
            process = process(copy);
            shared = process;
        }
        return process;
    }

    private static void awaitLoaded(HandlerProcess process, HandlerPlace place)
            throws AttemptFailed, InterruptedException {
        boolean loaded = false;
        try {
            process.handlers();
            loaded = true;
        } catch (NotLoaded e) {
            throw failed("The handlers of --classpath cannot be loaded: " + e.getMessage());
        } finally {
            if (!loaded) {
                place.leave();
            }
        }
    }

    private static AttemptFailed failed(String why) {
        return new AttemptFailed(FailureKind.RETRYABLE, StepError.Kind.HANDLER_FAILED, why);
    }

    /**
     * Checks whether the class path has changed, and loads it again; callers meanwhile wait for the new handlers. A folder of
     * classes is walked for it: once for all who waited.
     */
    private void refresh() {
        if (!reloaded) {
            return;
        }
        long asked = System.nanoTime();
        refresher.lock();
        try {
            long began = System.nanoTime();
            if (!isClosed() && looked - asked <= 0) {
                look();
                looked = began;
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt(); // the caller is being stopped
        } finally {
            refresher.unlock();
        }
    }

    private void look() throws InterruptedException {
        String now = path.stamp(copy.originals());
        Broken known = broken;
        boolean unchanged = known == null
                ? now.equals(stamp)
                : now.equals(known.stamp()) && System.nanoTime() - known.since() < BROKEN.toNanos();
        if (unchanged) {
            return;
        }
        try {
            now = settled(now);
            reload(now);
            broken(null);
        } catch (NotLoaded | IOException | RuntimeException e) {
            if (isClosed()) {
                return; // which is why
            }
            String why =
                    "The handlers have changed and cannot be loaded; their steps fail and are retried until this is fixed: "
                            + (e instanceof NotLoaded || e instanceof IllegalArgumentException ? e.getMessage() : e);
            if (known == null || !known.why().equals(why)) {
                notices.report(why);
            }
            broken(new Broken(now, System.nanoTime(), why));
        }
    }

    private void broken(@Nullable Broken now) {
        lock.lock();
        try {
            broken = now;
        } finally {
            lock.unlock();
        }
    }

    private String settled(String changed) throws InterruptedException {
        long giveUp = System.nanoTime() + SETTLES_WITHIN.toNanos();
        String before = changed;
        while (System.nanoTime() < giveUp) {
            if (closed.await(SETTLED.toMillis(), TimeUnit.MILLISECONDS)) {
                throw new InterruptedException("The stack is being stopped.");
            }
            String now = path.stamp(copy.originals());
            if (now.equals(before)) {
                return now;
            }
            before = now;
        }
        return before;
    }

    private void reload(String now) throws NotLoaded, IOException, InterruptedException {
        path.check();
        HandlerCopy fresh = copy();
        if (fresh.digest().equals(copy.digest())) { // touched, not changed
            fresh.release();
            stamp = now;
            return;
        }
        SortedMap<String, Loaded> loaded;
        HandlerProcess process = null;
        try {
            process = process(fresh);
            loaded = loaded(process);
        } catch (NotLoaded | IOException | InterruptedException e) {
            if (process != null && e instanceof InterruptedException) {
                process.close(); // the next who asks loads again
            }
            fresh.release();
            throw e;
        }
        int running = replace(fresh, process, loaded);
        notices.report("The handlers of --classpath have changed: new steps run the new ones ("
                + String.join(", ", loaded.keySet()) + ")"
                + (running == 0 ? "." : "; " + running + " that run now end with the old ones."));
    }

    /** New steps get this process from now on; returns how many still run in the one before. */
    private int replace(HandlerCopy fresh, HandlerProcess process, SortedMap<String, Loaded> loaded) {
        String now = path.stamp(fresh.originals());
        lock.lock();
        try {
            HandlerProcess old = shared;
            int running = old == null ? 0 : old.running();
            if (old != null) {
                old.retire();
            }
            copy.release();
            copy = fresh;
            handlers = loaded;
            stamp = now;
            shared = process;
            return running;
        } finally {
            lock.unlock();
        }
    }

    /** Ends all of its processes, with the steps that run in them. */
    @Override
    public void close() {
        lock.lock();
        try {
            closed.countDown(); // no process is begun from now on
            all.forEach(HandlerProcess::close);
        } finally {
            lock.unlock();
        }
        awaitCopied();
        HandlerCopy.delete(copies);
    }

    /** A copy of the class path that is being made would be left behind. */
    private void awaitCopied() {
        try {
            if (refresher.tryLock(COPIED.toMillis(), TimeUnit.MILLISECONDS)) {
                refresher.unlock();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
