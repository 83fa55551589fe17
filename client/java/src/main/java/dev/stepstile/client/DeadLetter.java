package dev.stepstile.client;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * A message in the dead-letter queue.
 *
 * @param sentAt when it was put there
 * @param receiveCount how often it was received; each listing counts
 * @param step which it names; null if it is not recognised
 * @param kind of the error, {@code RECEIVED_TOO_OFTEN} or {@code UNRECOGNISED_MESSAGE}
 * @param message what went wrong, for people
 * @param body as it is in the queue, with the step's input; null if it was not asked for
 */
public record DeadLetter(
        String messageId,
        Instant sentAt,
        int receiveCount,
        @Nullable DeadStep step,
        String kind,
        String message,
        @Nullable String body) {
    /**
     * The step that a letter names.
     *
     * @param attempt at which it died; 0 if none was made, or if the letter is a message that SQS moved by itself
     * @param status how it stands now; null if it was never started, or was deleted by age
     * @param stale whether it is no longer DEAD at that attempt
     * @param finishedAt when it died; null if the letter does not say
     */
    public record DeadStep(
            String runId,
            String key,
            int attempt,
            Origin origin,
            @Nullable StepStatus status,
            boolean stale,
            @Nullable Instant finishedAt) {}

    /** The step's handler and dispatch; empty if the letter does not say. */
    public record Origin(String handler, String dispatchId) {}
}
