package dev.stepstile.usecase;

import dev.stepstile.port.PortException;
import dev.stepstile.port.StepStore;
import dev.stepstile.port.StepStore.WriteResult;
import dev.stepstile.step.Span;
import dev.stepstile.step.StepError;
import dev.stepstile.step.StepEvent;
import dev.stepstile.step.StepId;
import dev.stepstile.step.StepLife;
import dev.stepstile.step.StepRecord;
import dev.stepstile.step.StepState;
import dev.stepstile.step.Transition;
import java.time.Duration;
import java.time.Instant;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The one place where a step changes: turns an event into a conditional write, decides again on the stored record when
 * the write is refused, and logs and counts the outcome.
 *
 * <p>A refused write whose stored record already has the intended change counts as done: the response to an earlier try
 * was lost. A write whose outcome is unknown is retried with a new time stamp.
 */
public final class StepRecorder {
    private static final Logger LOG = LoggerFactory.getLogger(StepRecorder.class);
    private static final int REFUSALS = 20;
    private static final Duration FIRST_PAUSE = Duration.ofMillis(50);
    private static final Duration LONGEST_PAUSE = Duration.ofSeconds(1);

    private final StepStore store;
    private final EngineRuntime runtime;
    private final Meter meter;
    private final Traces traces;

    /** Tells no spans. */
    public StepRecorder(StepStore store, EngineRuntime runtime, Meter meter) {
        this(store, runtime, meter, Traces.NONE);
    }

    StepRecorder(StepStore store, EngineRuntime runtime, Meter meter, Traces traces) {
        this.store = store;
        this.runtime = runtime;
        this.meter = meter;
        this.traces = traces;
    }

    Traces traces() {
        return traces;
    }

    /** Tells the spans of a step that others may have ended without telling: whoever it was may have crashed in between. */
    void tellAgain(StepRecord record) {
        if (traces.exported()) {
            Span.ofAttempts(record).forEach(traces::tell);
        }
    }

    /** The outcome of an event. */
    public sealed interface Recorded {
        /** The record now stored. */
        record Wrote(StepRecord record) implements Recorded {}

        /** Nothing was written, and why. */
        record Left(Transition why) implements Recorded {}
    }

    /**
     * Applies an event, and retries after port failures until {@code giveUpAt} (at least once).
     *
     * @param believed what the caller last read or wrote; null if it has read none
     * @throws PortException if no try had a known outcome; the event may or may not have been recorded
     */
    public Recorded apply(StepId id, @Nullable StepRecord believed, StepEvent event, Instant giveUpAt) {
        Duration pause = FIRST_PAUSE;
        while (true) {
            try {
                return apply(id, believed, event);
            } catch (PortException e) {
                Instant next = runtime.now().plus(pause);
                if (!next.isBefore(giveUpAt)) {
                    throw e;
                }
                LOG.warn(
                        "Step {}: {} not recorded yet ({}); retried in {} ms.",
                        id,
                        describe(event),
                        e.getMessage(),
                        pause.toMillis());
                sleepUntil(next, e);
                Duration doubled = pause.multipliedBy(2);
                pause = doubled.compareTo(LONGEST_PAUSE) > 0 ? LONGEST_PAUSE : doubled;
            }
        }
    }

    /** As {@link #apply(StepId, StepRecord, StepEvent, Instant)}, with one try. */
    public Recorded apply(StepId id, @Nullable StepRecord believed, StepEvent event) {
        StepRecord found = believed;
        for (int i = 0; i < REFUSALS; i++) {
            Transition transition = StepLife.on(found, event, runtime.now());
            if (!(transition instanceof Transition.Write write)) {
                left(id, event, transition);
                return new Recorded.Left(transition);
            }
            switch (store.write(write.next(), write.expect())) {
                case WriteResult.Written _ -> {
                    return wrote(event, write.next());
                }
                case WriteResult.Refused(StepRecord stored) -> {
                    if (stored != null && write.next().isShownBy(stored)) {
                        return wrote(event, stored);
                    }
                    found = stored;
                }
            }
        }
        throw new PortException("step " + id + " changed " + REFUSALS + " times while it was being written");
    }

    private Recorded wrote(StepEvent event, StepRecord after) {
        tell(event, after);
        try (LogContext.Scope _ = LogContext.of(after.id(), after.attempt()).open()) {
            if (event instanceof StepEvent.Expire || event instanceof StepEvent.WorkerLost) {
                meter.add(Metric.WORKERS_LOST);
            }
            switch (after.state()) {
                case StepState.Running running -> nowRunning(event, after, running);
                case StepState.Retrying retrying -> nowRetrying(event, after, retrying);
                case StepState.Ended ended -> nowEnded(event, after, ended);
            }
        }
        return new Recorded.Wrote(after);
    }

    /** By whom an attempt ended, it is told; and by whom the step goes on after it lost a worker, once more. */
    private void tell(StepEvent event, StepRecord after) {
        if (!traces.exported()) {
            return;
        }
        switch (event) {
            case StepEvent.FromOwner _, StepEvent.WorkerLost _, StepEvent.Expire _, StepEvent.DeadLettered _ ->
                Span.ofNewest(after).ifPresent(traces::tell);
            case StepEvent.Claim _ when lostWorkerLast(after) -> tellAgain(after);
            case StepEvent.Claim _,
                    StepEvent.ReachDeadline _,
                    StepEvent.Cancel _,
                    StepEvent.CancelStep _,
                    StepEvent.Redrive _,
                    StepEvent.Discard _ -> {}
        }
    }

    static boolean lostWorkerLast(StepRecord record) {
        return !record.history().isEmpty() && record.history().getLast().cause() == StepError.Kind.WORKER_LOST;
    }

    private void nowRunning(StepEvent event, StepRecord record, StepState.Running running) {
        if (event instanceof StepEvent.Claim) {
            meter.add(Metric.STEPS_CLAIMED);
            LOG.debug("Step {}: attempt {} claimed until {}.", record.id(), record.attempt(), running.deadline());
        } else if (event instanceof StepEvent.Cancel || event instanceof StepEvent.CancelStep) {
            LOG.info("Step {}: attempt {} is asked to stop.", record.id(), record.attempt());
        }
    }

    private void nowRetrying(StepEvent event, StepRecord record, StepState.Retrying retrying) {
        StepId id = record.id();
        int attempt = record.attempt();
        if (event instanceof StepEvent.Redrive) {
            meter.add(Metric.STEPS_REDRIVEN);
            LOG.info("Step {}: redriven after attempt {} with a fresh budget.", id, attempt);
        } else if (event instanceof StepEvent.Release) {
            meter.add(Metric.ATTEMPTS_RELEASED);
            LOG.info("Step {}: attempt {} was stopped with its worker; it is retried and not counted.", id, attempt);
        } else {
            meter.add(Metric.ATTEMPTS_RETRIED);
            LOG.info(
                    "Step {}: attempt {} ended ({}); retried from {}.",
                    id,
                    attempt,
                    cause(record),
                    retrying.notBefore());
        }
    }

    private void nowEnded(StepEvent event, StepRecord record, StepState.Ended ended) {
        StepId id = record.id();
        int attempt = record.attempt();
        switch (ended) {
            case StepState.Succeeded _ -> {
                meter.add(Metric.STEPS_SUCCEEDED);
                LOG.debug("Step {}: attempt {} succeeded.", id, attempt);
            }
            case StepState.Failed failed -> {
                meter.add(Metric.STEPS_FAILED);
                LOG.warn(
                        "Step {}: attempt {} FAILED ({}); not retried.",
                        id,
                        attempt,
                        failed.error().kind());
            }
            case StepState.Dead _ when event instanceof StepEvent.DeadLettered -> {}
            case StepState.Dead dead -> {
                meter.add(Metric.STEPS_DEAD);
                LOG.error(
                        "Step {}: DEAD at attempt {} ({}); it is dead-lettered.",
                        id,
                        attempt,
                        dead.error().kind());
            }
            case StepState.Cancelled _ -> {
                meter.add(Metric.STEPS_CANCELLED);
                LOG.info("Step {}: CANCELLED at attempt {}.", id, attempt);
            }
        }
    }

    private void left(StepId id, StepEvent event, Transition why) {
        switch (why) {
            case Transition.Stale(StepRecord newer) -> {
                meter.add(Metric.STALE_REFUSED);
                LOG.warn(
                        "Step {}: {} refused; the step is {} at attempt {}, and this attempt's outcome is dropped.",
                        id,
                        describe(event),
                        newer.state().name(),
                        newer.attempt());
            }
            case Transition.Held(StepRecord by) -> LOG.debug("Step {}: held by attempt {}.", id, by.attempt());
            case Transition.Attached(StepRecord to) ->
                duplicate(id, event, "driven by dispatch " + to.settings().dispatchId());
            case Transition.Finished(StepRecord ended) ->
                duplicate(id, event, "already " + ended.state().name());
            case Transition.NotDue notDue -> LOG.debug("Step {}: not due before {}.", id, notDue.notBefore());
            case Transition.Suspect _ -> {
                meter.add(Metric.SUSPECTS_DEFERRED);
                LOG.info("Step {}: lost a worker before; it waits to run alone.", id);
            }
            case Transition.Unchanged _ -> {}
            case Transition.Write _ -> throw new IllegalStateException("a write is not left");
        }
    }

    private void duplicate(StepId id, StepEvent event, String reason) {
        if (event instanceof StepEvent.Claim) {
            meter.add(Metric.DUPLICATES_SUPPRESSED);
            LOG.debug("Step {}: {}; this message is acknowledged.", id, reason);
        }
    }

    private static String cause(StepRecord record) {
        return record.history().isEmpty()
                ? "unknown"
                : record.history().getLast().cause().name();
    }

    private static String describe(StepEvent event) {
        return switch (event) {
            case StepEvent.Claim _ -> "claim";
            case StepEvent.Succeed e -> "success of attempt " + e.attempt();
            case StepEvent.Fail e -> "failure of attempt " + e.attempt();
            case StepEvent.Release e -> "release of attempt " + e.attempt();
            case StepEvent.WorkerLost e -> "loss of the worker of attempt " + e.attempt();
            case StepEvent.Expire _ -> "end of an attempt that is overdue";
            case StepEvent.ReachDeadline _ -> "end at the deadline";
            case StepEvent.Cancel _, StepEvent.CancelStep _ -> "cancel";
            case StepEvent.Redrive _ -> "redrive";
            case StepEvent.DeadLettered _ -> "dead-letter mark";
            case StepEvent.Discard _ -> "discard";
        };
    }

    private void sleepUntil(Instant instant, PortException cause) {
        try {
            runtime.tasks().sleepUntil(instant);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw cause;
        }
    }
}
