package dev.stepstile.step;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * Why an attempt or a step did not succeed. The message is for people, and has at most {@link #MAX_MESSAGE} characters: a
 * longer one loses its middle.
 */
public record StepError(Kind kind, String message) {
    public static final int MAX_MESSAGE = 500;

    /** The stable names of causes. */
    public enum Kind {
        /** The handler threw. */
        HANDLER_FAILED,
        /** The handler ruled out a retry. */
        TERMINAL_FAILURE,
        /** The step's timeout, or the function's own deadline, passed. */
        TIMEOUT,
        /** Its worker sent no heartbeat for longer than its lease, or recorded no end before its invocation had ended. */
        WORKER_LOST,
        /** The worker was stopped, and released the step; the attempt is not counted. */
        WORKER_STOPPED,
        /** No handler of that name is installed. */
        UNKNOWN_HANDLER,
        /** The result does not serialise. */
        RESULT_NOT_SERIALISABLE,
        /** The result is over the limit. */
        RESULT_TOO_LARGE,
        /** The input, a shared input or the manifest is gone from the payload store. */
        PAYLOAD_MISSING,
        /** The step was not started before its dispatch's validity ended. */
        EXPIRED,
        /** The step had not succeeded at its deadline. */
        DEADLINE,
        /** The run was cancelled. */
        CANCELLED,
        /** No failure: a redrive changed the step's settings, and the next attempts follow them. */
        REDRIVEN
    }

    public StepError {
        message = Truncation.middle(message, MAX_MESSAGE);
    }

    /**
     * The error of a step that did not succeed by its deadline.
     *
     * @param last how its last attempt failed; empty if none did
     */
    static StepError notDoneBy(@Nullable Instant deadline, String last) {
        String attempted = last.isEmpty() ? "" : "; the last attempt: " + last;
        return new StepError(
                Kind.DEADLINE,
                "Not done by its deadline, " + deadline + attempted + (last.endsWith(".") ? "" : ".")
                        + " Redrive it to run it without one, or with another.");
    }

    /** The error of a step that nobody started while its dispatch was valid. */
    public static StepError notStartedBefore(Instant validUntil) {
        return new StepError(Kind.EXPIRED, "Not started before " + validUntil + "; dispatch it again.");
    }
}
