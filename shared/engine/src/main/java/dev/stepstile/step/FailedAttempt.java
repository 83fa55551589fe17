package dev.stepstile.step;

import java.nio.charset.StandardCharsets;
import java.time.Instant;

/** What is remembered of an attempt that did not succeed; the middle of its message is left out where a note
 * would be over 200 bytes. */
public record FailedAttempt(int attempt, Instant startedAt, Instant endedAt, StepError.Kind cause, String message) {
    private static final int MAX_MESSAGE_BYTES = 120;

    public FailedAttempt {
        String whole = message;
        for (int chars = MAX_MESSAGE_BYTES; bytes(message) > MAX_MESSAGE_BYTES; chars--) {
            message = Truncation.middle(whole, chars);
        }
    }

    private static int bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8).length;
    }
}
