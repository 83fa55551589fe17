package dev.stepstile.usecase;

import dev.stepstile.port.PortException;
import dev.stepstile.port.StepStore;
import dev.stepstile.port.StepStore.WriteResult;
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
import org.slf4j.MDC;

/**
 * The one place where a step changes: turns an event into a conditional write, reads on from a refusal, and logs and
 * counts what became of it.
 *
 * <p>A refused write whose record already shows what was meant counts as done: the answer to an earlier try was lost.
 * A write whose outcome is unknown is made again, stamped anew.
 */
public final class StepRecorder {
    private static final Logger LOG = LoggerFactory.getLogger(StepRecorder.class);
    private static final int REFUSALS = 20;
    private static final Duration FIRST_PAUSE = Duration.ofMillis(50);
    private static final Duration LONGEST_PAUSE = Duration.ofSeconds(1);

    private final StepStore store;
    private final EngineRuntime runtime;
    private final Meter meter;

    public StepRecorder(StepStore store, EngineRuntime runtime, Meter meter) {
        this.store = store;
        this.runtime = runtime;
        this.meter = meter;
    }

    /** What became of an event. */
    public sealed interface Recorded {
        /** The record now stored. */
        record Wrote(StepRecord record) implements Recorded {}

        /** Nothing was written, and why. */
        record Left(Transition why) implements Recorded {}
    }

    /**
     * Applies an event, trying again after port failures until {@code giveUpAt} (at least once).
     *
     * @param believed what the caller last read or wrote; null if it knows of no record
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
                        "Step {}: {} not recorded yet ({}); trying again in {} ms.",
                        id,
                        verb(event),
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
                case WriteResult.Written written -> {
                    return wrote(found, event, write.next());
                }
                case WriteResult.Refused(StepRecord stored) -> {
                    if (stored != null && write.next().isShownBy(stored)) {
                        return wrote(found, event, stored);
                    }
                    found = stored;
                }
            }
        }
        throw new PortException("step " + id + " changed " + REFUSALS + " times while it was being written");
    }

    private Recorded wrote(@Nullable StepRecord before, StepEvent event, StepRecord after) {
        StepId id = after.id();
        int attempt = after.attempt();
        if (event instanceof StepEvent.Claim && after.state() instanceof StepState.Running) {
            MDC.put("attempt", Integer.toString(attempt)); // what this thread logs from here on is the attempt's
        }
        if (before != null && event instanceof StepEvent.Claim && before.state() instanceof StepState.Running) {
            meter.add(Metric.WORKERS_LOST);
            LOG.info("Step {}: attempt {} fell silent; attempt {} takes over.", id, before.attempt(), attempt);
        }
        if (event instanceof StepEvent.Expire) {
            meter.add(Metric.WORKERS_LOST);
        }
        switch (after.state()) {
            case StepState.Running running -> {
                switch (event) {
                    case StepEvent.Claim claim -> {
                        meter.add(Metric.STEPS_CLAIMED);
                        LOG.debug("Step {}: attempt {} claimed until {}.", id, attempt, running.leaseUntil());
                    }
                    case StepEvent.Cancel cancel ->
                        LOG.info("Step {}: attempt {} is asked to stop with its next heartbeat.", id, attempt);
                    case StepEvent.Renew renew -> {}
                    case StepEvent.Succeed s -> {}
                    case StepEvent.Fail f -> {}
                    case StepEvent.Release r -> {}
                    case StepEvent.Expire e -> {}
                    case StepEvent.Redrive r -> {}
                    case StepEvent.Buried b -> {}
                    case StepEvent.Discard d -> {}
                }
            }
            case StepState.Retrying retrying -> {
                if (event instanceof StepEvent.Redrive) {
                    meter.add(Metric.STEPS_REDRIVEN);
                    LOG.info("Step {}: redriven after attempt {} with a fresh budget.", id, attempt);
                } else if (event instanceof StepEvent.Release) {
                    meter.add(Metric.ATTEMPTS_RELEASED);
                    LOG.info("Step {}: attempt {} was stopped with its worker and is not counted; again.", id, attempt);
                } else {
                    meter.add(Metric.ATTEMPTS_RETRIED);
                    LOG.info(
                            "Step {}: attempt {} ended ({}); again from {}.",
                            id,
                            attempt,
                            cause(after),
                            retrying.notBefore());
                }
            }
            case StepState.Succeeded succeeded -> {
                meter.add(Metric.STEPS_SUCCEEDED);
                LOG.debug("Step {}: attempt {} succeeded.", id, attempt);
            }
            case StepState.Failed failed -> {
                meter.add(Metric.STEPS_FAILED);
                LOG.warn(
                        "Step {}: attempt {} FAILED ({}); not tried again.",
                        id,
                        attempt,
                        failed.error().kind());
            }
            case StepState.Dead dead -> {
                if (!(event instanceof StepEvent.Buried)) {
                    meter.add(Metric.STEPS_DEAD);
                    LOG.error(
                            "Step {}: DEAD at attempt {} ({}); it goes to the dead-letter queue.",
                            id,
                            attempt,
                            dead.error().kind());
                }
            }
            case StepState.Cancelled cancelled -> {
                meter.add(Metric.STEPS_CANCELLED);
                LOG.info("Step {}: CANCELLED at attempt {}.", id, attempt);
            }
        }
        return new Recorded.Wrote(after);
    }

    private void left(StepId id, StepEvent event, Transition why) {
        switch (why) {
            case Transition.Stale(StepRecord newer) -> {
                meter.add(Metric.STALE_REFUSED);
                LOG.warn(
                        "Step {}: {} refused; the step is {} at attempt {}, and what this attempt did is dropped.",
                        id,
                        verb(event),
                        newer.state().name(),
                        newer.attempt());
            }
            case Transition.Held(StepRecord by) -> LOG.debug("Step {}: held by attempt {}.", id, by.attempt());
            case Transition.Attached(StepRecord to) ->
                duplicate(id, event, "driven by dispatch " + to.settings().dispatchId());
            case Transition.Finished(StepRecord ended) ->
                duplicate(id, event, "already " + ended.state().name());
            case Transition.NotDue(StepRecord waiting, Instant notBefore) ->
                LOG.debug("Step {}: not due before {}.", id, notBefore);
            case Transition.Suspect(StepRecord suspect) -> {
                meter.add(Metric.SUSPECTS_DEFERRED);
                LOG.info("Step {}: lost a worker before; it waits to run alone.", id);
            }
            case Transition.Unchanged unchanged -> {}
            case Transition.Write write -> throw new IllegalStateException("a write is not left");
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

    private static String verb(StepEvent event) {
        return switch (event) {
            case StepEvent.Claim e -> "claim";
            case StepEvent.Renew e -> "renewal of attempt " + e.attempt();
            case StepEvent.Succeed e -> "success of attempt " + e.attempt();
            case StepEvent.Fail e -> "failure of attempt " + e.attempt();
            case StepEvent.Release e -> "release of attempt " + e.attempt();
            case StepEvent.Expire e -> "lease end";
            case StepEvent.Cancel e -> "cancel";
            case StepEvent.Redrive e -> "redrive";
            case StepEvent.Buried e -> "burial";
            case StepEvent.Discard e -> "discard";
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
