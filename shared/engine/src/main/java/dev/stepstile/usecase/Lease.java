package dev.stepstile.usecase;

import dev.stepstile.api.StepResult;
import dev.stepstile.port.PortException;
import dev.stepstile.port.StepStore;
import dev.stepstile.step.StepEvent;
import dev.stepstile.step.StepRecord;
import dev.stepstile.step.StepState;
import java.time.Duration;
import java.time.Instant;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * An attempt's lease on its step. Heartbeats renew it and write the attempt's progress and log pages; their answers show
 * when the handler has to stop: it is interrupted once the step is cancelled, and abandoned once another attempt owns
 * the step.
 */
final class Lease {
    /** How often the timer checks whether a heartbeat, a read or a log page is due. */
    static final Duration TICK = Duration.ofSeconds(1);

    private final StepRecorder recorder;
    private final Timing timing;
    private final EngineRuntime runtime;
    private final LogPageWriter pages;
    private final WorkerShutdown shutdown;

    private volatile StepRecord held;
    private volatile StepState.Progress progress = StepState.Progress.NONE;
    private volatile boolean cancelRequested;
    private volatile Duration grace = Duration.ZERO;
    private volatile boolean lost;
    private volatile boolean toldToStop;
    private volatile boolean ended;
    private volatile Tasks.@Nullable Task<StepResult> running;
    private final StepStore store;
    private Instant nextBeat;
    private Instant nextCancelCheck;
    private Instant askedToStopAt = Instant.MAX;
    private volatile Tasks.@Nullable Cancellable ticking;

    private Lease(ExecutionParts parts, StepRecord claimed, LogPageWriter pages, Instant now) {
        this.recorder = parts.recorder();
        this.timing = parts.timing();
        this.runtime = parts.runtime();
        this.pages = pages;
        this.shutdown = parts.shutdown();
        this.held = claimed;
        this.nextBeat = now.plus(timing.heartbeat());
        this.store = parts.store();
        this.nextCancelCheck = now.plus(timing.cancelCheck());
    }

    /** The lease on a step that was just claimed; {@link #start} follows. */
    static Lease of(ExecutionParts parts, StepRecord claimed, AttemptLog log) {
        Instant now = parts.runtime().now();
        LogPageWriter pages = new LogPageWriter(
                parts.store(), parts.runtime(), claimed.id(), claimed.shard(), claimed.attempt(), log, now.plus(TICK));
        return new Lease(parts, claimed, pages, now);
    }

    /** Renews the lease from now on, until {@link #stop}. */
    void start() {
        shutdown.add(this);
        Duration beat = timing.heartbeat();
        ticking = runtime.tasks().every("heartbeat " + held.id(), Collections.min(List.of(TICK, beat)), this::tick);
    }

    boolean ticks() {
        return ticking != null;
    }

    /** Whether the handler was interrupted because the worker shuts down. */
    boolean toldToStop() {
        return toldToStop;
    }

    /** The record as this attempt last wrote it. */
    StepRecord held() {
        return held;
    }

    /** Whether another attempt owns the step, or it has ended. */
    boolean lost() {
        return lost;
    }

    boolean cancelRequested() {
        return cancelRequested;
    }

    /** Written with the next heartbeat. */
    void progress(StepState.Progress made) {
        progress = made;
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
            task.interrupt();
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

    /** Stops the heartbeats: none is under way and none follows. The caller records the end of the attempt. */
    StepRecord stop() {
        ended = true;
        shutdown.remove(this);
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

    private void tick() {
        if (ended) {
            return; // starting the timer failed, and nobody has its handle to cancel it
        }
        Instant now = runtime.now();
        if (!now.isBefore(nextBeat)) {
            renew(now);
            nextBeat = now.plus(timing.heartbeat()); // a heartbeat that failed is retried by the next tick
        } else if (!cancelRequested && !lost && !now.isBefore(nextCancelCheck)) {
            nextCancelCheck = now.plus(timing.cancelCheck());
            checkForCancel(now);
        }
        pages.tick(now);
    }

    /** Between heartbeats, so that a cancel is noticed before the next one, which may be a third of a lease away. */
    private void checkForCancel(Instant now) {
        StepRecord record = held;
        Optional<StepRecord> found;
        try {
            found = store.record(record.id(), record.shard());
        } catch (PortException e) {
            return; // the next check or heartbeat reads it
        }
        if (found.isPresent()
                && found.get().attempt() == record.attempt()
                && found.get().state() instanceof StepState.Running state
                && state.cancelRequested()) {
            askToStop(now);
        }
    }

    private void askToStop(Instant now) {
        askedToStopAt = now;
        cancelRequested = true; // first: a handler that is just starting reads it
        stopHandler(false);
    }

    private void renew(Instant now) {
        if (lost) {
            return;
        }
        StepRecord record = held;
        StepEvent.Renew renew = new StepEvent.Renew(record.attempt(), record.owner(), timing.lease(), progress);
        switch (recorder.apply(record.id(), record, renew)) {
            case StepRecorder.Recorded.Wrote(StepRecord renewed) -> {
                held = renewed;
                if (renewed.state() instanceof StepState.Running state && state.cancelRequested()) {
                    if (!cancelRequested) {
                        askToStop(now);
                    } else if (!now.isBefore(askedToStopAt.plus(timeToStop()))) {
                        stopHandler(true);
                    }
                }
            }
            case StepRecorder.Recorded.Left _ -> {
                lost = true;
                stopHandler(true);
            }
        }
    }

    /** A heartbeat, or the grace that the handler declares if that is longer. */
    private Duration timeToStop() {
        Duration beat = timing.heartbeat();
        return Collections.max(List.of(grace, beat));
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
