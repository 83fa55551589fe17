package dev.stepstile.usecase;

import dev.stepstile.api.StepResult;
import dev.stepstile.step.StepRecord;
import dev.stepstile.step.StepState;
import dev.stepstile.step.WorkerRecord.Activity;
import java.time.Duration;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * An attempt that this worker runs: its handler, its progress and its log pages. The handler is interrupted once the step
 * is cancelled, and abandoned once the worker is revoked.
 */
final class RunningAttempt {
    private final Timing timing;
    private final EngineRuntime runtime;
    private final LogPageWriter pages;
    private final AttemptLog log;
    private final Worker worker;
    private final WorkerShutdown shutdown;
    private final StepRecord held;

    private volatile StepState.Progress progress = StepState.Progress.NONE;
    private volatile boolean cancelRequested;
    private volatile Duration grace = Duration.ZERO;
    private volatile boolean lost;
    private volatile boolean toldToStop;
    private volatile boolean ended;
    private volatile Tasks.@Nullable Task<StepResult> running;
    private volatile Instant askedToStopAt = Instant.MAX;
    private volatile Tasks.@Nullable Cancellable ticking;

    private RunningAttempt(
            ExecutionParts parts, Worker worker, StepRecord claimed, AttemptLog log, LogPageWriter pages) {
        this.timing = parts.timing();
        this.runtime = parts.runtime();
        this.pages = pages;
        this.log = log;
        this.worker = worker;
        this.shutdown = parts.shutdown();
        this.held = claimed;
    }

    /** Of a step that was just claimed; {@link #start} follows. */
    static RunningAttempt of(ExecutionParts parts, Worker worker, StepRecord claimed, AttemptLog log) {
        LogPageWriter pages = new LogPageWriter(
                parts.store(),
                parts.runtime(),
                claimed.id(),
                claimed.shard(),
                claimed.attempt(),
                log,
                parts.runtime().now().plus(Worker.TICK));
        return new RunningAttempt(parts, worker, claimed, log, pages);
    }

    /** Is one of its worker's attempts from now on, and writes its log, until {@link #stop}. */
    void start() {
        shutdown.add(this);
        worker.runs(this);
        ticking = runtime.tasks().every("log of " + held.id(), Worker.TICK, this::writePages);
    }

    boolean ticks() {
        return ticking != null;
    }

    /** Whether the handler was interrupted because the worker shuts down. */
    boolean toldToStop() {
        return toldToStop;
    }

    /** The record as it was claimed. */
    StepRecord held() {
        return held;
    }

    /** Whether the worker was revoked: another attempt may own the step. */
    boolean lost() {
        return lost;
    }

    boolean cancelRequested() {
        return cancelRequested;
    }

    /** Written with the worker's next heartbeat. */
    void progress(StepState.Progress made) {
        progress = made;
    }

    /** What it is doing, for the worker's next heartbeat. */
    Activity activity() {
        Instant claimed = held.attempts().newest().startedAt();
        return new Activity(held.attempt(), claimed == null ? held.createdAt() : claimed, progress, log.lastLine());
    }

    /**
     * The handler has started; it is interrupted at once if it has to stop already.
     *
     * @param stopTime how long the handler may take to end by itself once its step is cancelled
     */
    void handlerRuns(Tasks.Task<StepResult> task, Duration stopTime) {
        grace = stopTime;
        running = task;
        if (lost || cancelRequested) {
            stopHandler(lost);
        }
        if (shutdown.begun()) {
            interruptHandler();
        }
    }

    /** Whether the worker shuts down, so that the handler must not start: the attempt is released. */
    boolean mustNotStart() {
        toldToStop = toldToStop || shutdown.begun();
        return toldToStop;
    }

    /** When the handler is abandoned because the worker shuts down. */
    Instant abandonAt() {
        return shutdown.until();
    }

    /** Interrupts the handler because the worker shuts down. */
    void interruptHandler() {
        Tasks.Task<StepResult> task = running;
        if (task != null) {
            toldToStop = true;
            task.interrupt();
        }
    }

    /** Abandons the handler if it has not ended by {@code until}. */
    void abandonHandlerAt(Instant until) throws InterruptedException {
        Tasks.Task<StepResult> task = running;
        if (task != null) {
            try {
                if (!task.joinUntil(until)) {
                    task.giveUp();
                }
            } catch (InterruptedException inAHurry) {
                task.giveUp();
                throw inAHurry;
            }
        }
    }

    void handlerEnded() {
        running = null;
    }

    /** Stops the log: no page is being written and none follows. The caller records the end of the attempt. */
    StepRecord stop() {
        ended = true;
        shutdown.remove(this);
        worker.ended(this);
        Tasks.Cancellable started = ticking;
        if (started != null) {
            started.cancel();
            ticking = null;
        }
        return held;
    }

    /** Writes the last pages and returns how many there are. To be called after {@link #stop}. */
    int writeLastPages() {
        return pages.writeLast();
    }

    /** How many pages were written until now. */
    int pagesWritten() {
        return pages.written();
    }

    private void writePages() {
        if (!ended) { // else starting the timer failed, and nobody has its handle to cancel it
            pages.tick(runtime.now());
        }
    }

    /** The step is to be cancelled: interrupts the handler. */
    void cancel(Instant now) {
        if (!cancelRequested) {
            askedToStopAt = now;
            cancelRequested = true; // first: a handler that is just starting reads it
            stopHandler(false);
        }
    }

    /** Abandons a handler that has not ended in time after it was interrupted. */
    void abandonIfOverdue(Instant now) {
        if (cancelRequested && !now.isBefore(askedToStopAt.plus(timeToStop()))) {
            stopHandler(true);
        }
    }

    /** A lease and the margin, or the grace that the handler declares if that is longer. */
    private Duration timeToStop() {
        Duration usual = timing.lease().plus(timing.margin());
        return grace.compareTo(usual) > 0 ? grace : usual;
    }

    /** The worker is revoked: abandons the handler. */
    void lose() {
        lost = true; // first: a handler that is just starting reads it
        stopHandler(true);
    }

    private void stopHandler(boolean abandon) {
        Tasks.Task<StepResult> task = running;
        if (task != null) {
            if (abandon) {
                task.giveUp();
            } else {
                task.interrupt();
            }
        }
    }
}
