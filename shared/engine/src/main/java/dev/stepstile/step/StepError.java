package dev.stepstile.step;

/** Why an attempt or a step did not succeed. The message is for people, at most {@link #MAX_MESSAGE}
 * characters: of a longer one the middle is left out. */
public record StepError(Kind kind, String message) {
    public static final int MAX_MESSAGE = 500;

    /** The stable names of causes. */
    public enum Kind {
        /** The handler threw. */
        HANDLER_FAILED,
        /** The handler said that trying again is pointless. */
        TERMINAL_FAILURE,
        /** The step's timeout, or the function's own deadline, passed. */
        TIMEOUT,
        /** The worker fell silent and its lease ran out. */
        WORKER_LOST,
        /** The worker was told to stop, and gave the step back; the attempt is not counted. */
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
        /** The run was cancelled. */
        CANCELLED,
        /** No failure: a redrive changed the step's settings, and the next attempts follow them. */
        REDRIVEN
    }

    public StepError {
        message = Truncation.middle(message, MAX_MESSAGE);
    }
}
