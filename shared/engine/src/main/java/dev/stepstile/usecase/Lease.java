package dev.stepstile.usecase;

import dev.stepstile.api.StepResult;
import dev.stepstile.port.PortException;
import dev.stepstile.port.StepStore;
import dev.stepstile.step.StepEvent;
import dev.stepstile.step.StepRecord;
import dev.stepstile.step.StepState;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A claimed step in hand. Heartbeats keep it, carry its progress and its log pages, and bring back that its handler is to
 * stop: asked to once the step is cancelled, told to once it was taken over.
 */
final class Lease {
    /** How often it looks whether something is due. */
    static final Duration TICK = Duration.ofSeconds(1);

    private final StepRecorder recorder;
    private final Timing timing;
    private final EngineRuntime runtime;
    private final LogPageWriter pages;
    private final WorkerShutdown stopping;

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

    private Lease(StepExecution.Parts parts, StepRecord claimed, LogPageWriter pages, Instant now) {
        this.recorder = parts.recorder();
        this.timing = parts.timing();
        this.runtime = parts.runtime();
        this.pages = pages;
        this.stopping = parts.stopping();
        this.held = claimed;
        this.nextBeat = now.plus(timing.heartbeat());
        this.store = parts.store();
        this.nextCancelCheck = now.plus(timing.cancelCheck());
    }

    /** Of what was just claimed; to be started. */
    static Lease of(StepExecution.Parts parts, StepRecord claimed, AttemptLog log) {
        Instant now = parts.runtime().now();
        LogPageWriter pages = new LogPageWriter(
                parts.store(), parts.runtime(), claimed.id(), claimed.shard(), claimed.attempt(), log, now.plus(TICK));
        return new Lease(parts, claimed, pages, now);
    }

    /** Keeps it from now on, until it is stopped. */
    void start() {
        stopping.begins(this);
        Duration beat = timing.heartbeat();
        ticking = runtime.tasks().every("heartbeat " + held.id(), TICK.compareTo(beat) < 0 ? TICK : beat, this::tick);
    }

    boolean ticks() {
        return ticking != null;
    }

    /** Whether its handler was interrupted because its worker stops. */
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

    /** Goes out with the next heartbeat. */
    void progress(StepState.Progress made) {
        progress = made;
    }

    /**
     * What is to be stopped when there is cause to.
     *
     * @param mayTake how long it may take to end by itself if the step is cancelled
     */
    void runs(Tasks.Task<StepResult> task, Duration mayTake) {
        grace = mayTake;
        running = task;
        if (lost || cancelRequested) {
            task.interrupt();
        }
        if (stopping.begun()) {
            interruptHandler();
        }
    }

    /** Whether its worker stops, so that its handler is not to be begun: the attempt is released. */
    boolean mustNotBegin() {
        toldToStop = toldToStop || stopping.begun();
        return toldToStop;
    }

    /** When its handler is left behind, as its worker stops. */
    Instant leftAt() {
        return stopping.until();
    }

    /** As its worker stops. */
    void interruptHandler() {
        Tasks.Task<StepResult> task = running;
        if (task != null) {
            toldToStop = true;
            task.interrupt();
        }
    }

    /** Leaves a handler behind that has not ended by {@code until}. */
    void leaveHandlerAt(Instant until) throws InterruptedException {
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

    void runsNothing() {
        running = null;
    }

    /** No heartbeat is under way and none follows; what is held is the caller's to end. */
    StepRecord stop() {
        ended = true;
        stopping.ends(this);
        Tasks.Cancellable started = ticking;
        if (started != null) {
            started.cancel();
            ticking = null;
        }
        return held;
    }

    /** Writes the last pages, and tells how many there are. To be called once stopped. */
    int writeLastPages() {
        return pages.writeLast();
    }

    /** How many pages were written until now. */
    int pagesWritten() {
        return pages.written();
    }

    private void tick() {
        if (ended) {
            return; // a timer of which nobody has the handle, as starting it did not end well
        }
        Instant now = runtime.now();
        if (!now.isBefore(nextBeat)) {
            renew(now);
            nextBeat = now.plus(timing.heartbeat()); // one that failed is made again by the next tick
        } else if (!cancelRequested && !lost && !now.isBefore(nextCancelCheck)) {
            nextCancelCheck = now.plus(timing.cancelCheck());
            checkForCancel(now);
        }
        pages.tick(now);
    }

    /** Between heartbeats, so that a cancel is not noticed only with the next one, which may be a third of a lease away. */
    private void checkForCancel(Instant now) {
        StepRecord record = held;
        Optional<StepRecord> found;
        try {
            found = store.record(record.id(), record.shard());
        } catch (PortException e) {
            return; // the next check or heartbeat tells
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
        cancelRequested = true; // first: a handler that is just being started looks at it
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
                    } else if (!now.isBefore(askedToStopAt.plus(mayTakeToStop()))) {
                        stopHandler(true);
                    }
                }
            }
            case StepRecorder.Recorded.Left left -> {
                lost = true;
                stopHandler(true);
            }
        }
    }

    /** A heartbeat, or longer if its handler says so. */
    private Duration mayTakeToStop() {
        Duration beat = timing.heartbeat();
        return grace.compareTo(beat) > 0 ? grace : beat;
    }

    private void stopHandler(boolean atOnce) {
        Tasks.Task<StepResult> task = running;
        if (task != null) {
            if (atOnce) {
                task.giveUp();
            } else {
                task.interrupt();
            }
        }
    }
}
