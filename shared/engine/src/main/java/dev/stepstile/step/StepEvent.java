package dev.stepstile.step;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What may happen to a step. */
public sealed interface StepEvent {

    /**
     * A worker holds a message for the step and wants to run it.
     *
     * @param owner a token minted for this claim alone, which names the worker
     * @param deadline when the worker's invocation ends at the latest
     * @param alone whether no other step runs beside it: a suspect is claimed only then
     */
    record Claim(StepSpec spec, String owner, Instant deadline, boolean alone) implements StepEvent {}

    /** What an attempt reports of its own step; it counts only while that attempt owns the step. */
    sealed interface FromOwner extends StepEvent {
        int attempt();

        String owner();
    }

    /** The attempt succeeded, its result is durable. */
    record Succeed(int attempt, String owner, Payload result, int pages) implements FromOwner {}

    /**
     * The attempt failed.
     *
     * @param retryIn how long a failure waits that is retried
     */
    record Fail(int attempt, String owner, Cause cause, Duration retryIn, int pages) implements FromOwner {
        public StepError error() {
            return cause.error;
        }

        public FailureKind failureKind() {
            return cause.failureKind;
        }
    }

    /**
     * Why an attempt failed.
     *
     * @param names of the exception that ended it, for {@link RetryRule}; none if none did
     */
    record Cause(FailureKind failureKind, StepError error, List<String> names) {
        public Cause {
            names = List.copyOf(names);
        }

        public Cause(FailureKind failureKind, StepError error) {
            this(failureKind, error, List.of());
        }
    }

    /** The attempt's worker is stopped: the step is released, and the attempt is not counted. */
    record Release(int attempt, String owner, int pages) implements FromOwner {}

    /**
     * The worker of this attempt fell silent and was revoked.
     *
     * @param beside which other steps it was running, for whoever looks for the one that killed it
     */
    record WorkerLost(String worker, int attempt, String beside) implements StepEvent {}

    /** A sweep looks whether the newest attempt's deadline is over, whatever its worker's item says. */
    record Expire(Duration margin) implements StepEvent {}

    /** Somebody finds that the deadline of a step that waits may be over. */
    record ReachDeadline(StepSpec spec) implements StepEvent {}

    /** The run was cancelled with this number. */
    record Cancel(StepSpec spec, long seq) implements StepEvent {}

    /** The step alone was cancelled, whatever becomes of its run. */
    record CancelStep(StepSpec spec) implements StepEvent {}

    /**
     * Try again with a fresh budget. {@code deadAt}: only if the step is DEAD at that attempt. {@code by} names the call:
     * what it has redriven it does not redrive again.
     */
    record Redrive(
            long cancelSeq,
            @Nullable Integer deadAt,
            @Nullable String by,
            StepOverrides overrides) implements StepEvent {

        /** Of a dead letter that was moved back. */
        public Redrive(long cancelSeq, @Nullable Integer deadAt) {
            this(cancelSeq, deadAt, null, StepOverrides.NONE);
        }
    }

    /** The dead letter that names this attempt is in the dead-letter queue. */
    record DeadLettered(int attempt) implements StepEvent {}

    /** The step cannot be started, and never could again: its validity is over, or its payload is gone. */
    record Discard(StepSpec spec, StepError error) implements StepEvent {}

    /** What a failure means for the step. */
    enum FailureKind {
        /** The step is retried while its budget lasts, if its {@link RetryRule} allows it. */
        RETRYABLE,
        /** As {@link #RETRYABLE}, also where {@code on} does not name it: its worker had trouble, or its handler asked for it. */
        PASSING,
        /** The handler ruled out a retry: the step ends FAILED. */
        TERMINAL,
        /** Something that every attempt needs is gone: the step ends DEAD and is dead-lettered. */
        UNRECOVERABLE
    }
}
