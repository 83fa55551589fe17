package dev.stepstile.protocol;

import dev.stepstile.api.StepResult;
import dev.stepstile.step.StepEvent;
import dev.stepstile.step.StepRecord;
import dev.stepstile.step.StepState;
import java.time.Duration;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * A claimed step in hand. Heartbeats keep it, carry its progress and its log pages, and bring back that its handler is to
 * stop: asked to once the step is cancelled, told to once it was taken over.
 */
final class Lease {
    /** How often it looks whether something is due. */
    static final Duration TICK = Duration.ofSeconds(1);

    private final Recorder recorder;
    private final Timing timing;
    private final World world;
    private final LogPages pages;

    private volatile StepRecord held;
    private volatile StepState.Progress progress = StepState.Progress.NONE;
    private volatile boolean cancelRequested;
    private volatile boolean lost;
    private volatile Tasks.@Nullable Task<StepResult> running;
    private Instant nextBeat;
    private Tasks.@Nullable Cancellable ticking;

    private Lease(StepExecution.Parts parts, StepRecord claimed, LogPages pages, Instant now) {
        this.recorder = parts.recorder();
        this.timing = parts.timing();
        this.world = parts.world();
        this.pages = pages;
        this.held = claimed;
        this.nextBeat = now.plus(timing.heartbeat());
    }

    /** Starts to keep what was just claimed. */
    static Lease keep(StepExecution.Parts parts, StepRecord claimed, AttemptLog log) {
        Instant now = parts.world().now();
        LogPages pages = new LogPages(
                parts.store(), parts.world(), claimed.id(), claimed.shard(), claimed.attempt(), log, now.plus(TICK));
        Lease lease = new Lease(parts, claimed, pages, now);
        Duration beat = lease.timing.heartbeat();
        lease.ticking = lease.world
                .tasks()
                .every("heartbeat " + claimed.id(), TICK.compareTo(beat) < 0 ? TICK : beat, lease::tick);
        return lease;
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

    /** What is to be stopped when there is cause to. */
    void runs(Tasks.Task<StepResult> task) {
        running = task;
        if (lost || cancelRequested) {
            task.interrupt();
        }
    }

    void runsNothing() {
        running = null;
    }

    /** No heartbeat is under way and none follows; what is held is the caller's to end. */
    StepRecord stop() {
        Tasks.Cancellable started = ticking;
        if (started == null) {
            throw new IllegalStateException("an attempt is ended once");
        }
        started.cancel();
        ticking = null;
        return held;
    }

    /** Writes the last pages, and tells how many there are. To be called once stopped. */
    int writeLastPages() {
        return pages.writeLast();
    }

    private void tick() {
        Instant now = world.now();
        if (!now.isBefore(nextBeat)) {
            renew();
            nextBeat = now.plus(timing.heartbeat()); // one that failed is made again by the next tick
        }
        pages.tick(now);
    }

    private void renew() {
        if (lost) {
            return;
        }
        StepRecord record = held;
        StepEvent.Renew renew = new StepEvent.Renew(record.attempt(), record.owner(), timing.lease(), progress);
        switch (recorder.apply(record.id(), record, renew)) {
            case Recorder.Recorded.Wrote(StepRecord renewed) -> {
                held = renewed;
                if (renewed.state() instanceof StepState.Running state && state.cancelRequested()) {
                    boolean asked = cancelRequested;
                    cancelRequested = true; // first: a handler that is just being started looks at it
                    stopHandler(asked);
                }
            }
            case Recorder.Recorded.Left left -> {
                lost = true;
                stopHandler(true);
            }
        }
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
