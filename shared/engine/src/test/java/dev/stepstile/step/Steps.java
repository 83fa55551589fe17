package dev.stepstile.step;

import dev.stepstile.step.StepEvent.FailureKind;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** A step of three attempts, and what may happen to it. */
final class Steps {
    static final Instant NOW = Instant.parse("2026-11-24T08:00:00Z");
    static final Duration LEASE = Duration.ofSeconds(60);
    static final Duration MARGIN = Duration.ofSeconds(5);
    static final StepError BROKEN = new StepError(StepError.Kind.HANDLER_FAILED, "it broke");
    static final String WORKER = "worker-2";
    static final String OWNER = WorkerRecord.owner(WORKER, 2);

    private Steps() {}

    static StepSpec spec(String dispatchId) {
        return new StepSpec(
                new StepId("r1", "load"),
                3,
                new StepSettings(
                        dispatchId, 0, "h", new RetryPolicy(3, Duration.ofSeconds(1), Duration.ofMinutes(5)), LEASE),
                new Payload.Inline("{}"),
                new TreeMap<>(),
                StepTags.NONE,
                NOW.plus(Duration.ofDays(14)));
    }

    static StepSpec spec() {
        return spec("d1");
    }

    static StepSpec expired() {
        StepSpec spec = spec();
        return new StepSpec(
                spec.id(),
                spec.shard(),
                spec.settings(),
                spec.input(),
                spec.sharedInputs(),
                spec.tags(),
                NOW.minusMillis(1));
    }

    /** A record at attempt 2 of 3, claimed by {@link #OWNER}. */
    static StepRecord record(StepState state) {
        return record(2, 0, state, List.of());
    }

    /** A record with settings of its own, as a redrive leaves it. */
    static StepRecord record(StepState state, StepSettings settings) {
        return new StepRecord(
                spec().id(),
                3,
                settings,
                NOW.minusSeconds(100),
                attempts(2, 2, List.of()),
                StepRecord.AnsweredCalls.NONE,
                state);
    }

    /** A step with this window. */
    static StepSpec spec(Window window) {
        StepSpec spec = spec();
        return new StepSpec(
                spec.id(),
                spec.shard(),
                settings(window),
                spec.input(),
                spec.sharedInputs(),
                spec.tags(),
                spec.validUntil());
    }

    private static StepSettings settings(Window window) {
        StepSettings settings = spec().settings();
        return new StepSettings(
                settings.dispatchId(),
                settings.index(),
                settings.handler(),
                settings.retry(),
                settings.timeout(),
                null,
                window);
    }

    /** A record at attempt 2 of 3, whose step has this window. */
    static StepRecord record(StepState state, Window window) {
        return record(state).withSettings(settings(window));
    }

    /** A record at attempt 2 of 3, whose step has this rule. */
    static StepRecord record(StepState state, RetryRule rule) {
        RetryPolicy retry = spec().settings().retry();
        StepSettings settings = spec().settings();
        return record(state)
                .withSettings(new StepSettings(
                        settings.dispatchId(),
                        settings.index(),
                        settings.handler(),
                        new RetryPolicy(retry.maxAttempts(), retry.base(), retry.cap(), rule),
                        settings.timeout()));
    }

    static StepRecord record(int attempt, int budgetFrom, StepState state, List<FailedAttempt> history) {
        return new StepRecord(
                spec().id(),
                3,
                spec().settings(),
                NOW.minusSeconds(100),
                attempts(attempt, budgetFrom, history),
                StepRecord.AnsweredCalls.NONE,
                state);
    }

    private static Attempts attempts(int newest, int budgetFrom, List<FailedAttempt> history) {
        return new Attempts(new Attempts.Newest(newest, OWNER, NOW.minusSeconds(10), 1), budgetFrom, history);
    }

    static StepState running(Duration left, boolean cancelRequested) {
        return new StepState.Running(NOW.plus(left), cancelRequested);
    }

    static FailedAttempt lost(int attempt) {
        return note(attempt, StepError.Kind.WORKER_LOST);
    }

    static FailedAttempt note(int attempt, StepError.Kind cause) {
        return new FailedAttempt(attempt, NOW.minusSeconds(90), NOW.minusSeconds(80), cause, "gone");
    }

    static StepEvent.Claim claim(StepSpec spec, boolean alone) {
        return new StepEvent.Claim(spec, "owner-new", NOW.plus(LEASE), alone);
    }

    static StepEvent.Fail fail(int attempt, String owner, FailureKind failureKind) {
        return new StepEvent.Fail(attempt, owner, new StepEvent.Cause(failureKind, BROKEN), Duration.ofSeconds(7), 2);
    }

    static StepEvent.Succeed succeed(int attempt, String owner) {
        return new StepEvent.Succeed(attempt, owner, new Payload.Inline("42"), 2);
    }

    /** What the event writes; fails the test if it writes nothing. */
    static StepRecord after(@Nullable StepRecord found, StepEvent event, Instant now) {
        if (StepLife.on(found, event, now) instanceof Transition.Write(StepRecord next, Precondition _)) {
            return next;
        }
        throw new AssertionError(event + " wrote nothing: " + StepLife.on(found, event, now));
    }

    static StepRecord after(@Nullable StepRecord found, StepEvent event) {
        return after(found, event, NOW);
    }
}
