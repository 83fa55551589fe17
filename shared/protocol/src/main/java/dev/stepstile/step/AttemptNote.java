package dev.stepstile.step;

import java.nio.charset.StandardCharsets;
import java.time.Instant;

/** What is remembered of an attempt that did not succeed; the message is cut so that a note stays within 200 bytes. */
public record AttemptNote(int attempt, Instant startedAt, Instant endedAt, StepError.Kind cause, String message) {
    private static final int MAX_MESSAGE_BYTES = 120;

    public AttemptNote {
        while (message.getBytes(StandardCharsets.UTF_8).length > MAX_MESSAGE_BYTES) {
            message = StepError.cut(message, Math.min(message.length() - 1, MAX_MESSAGE_BYTES));
        }
    }
}
