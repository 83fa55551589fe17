package dev.stepstile.step;

import java.time.Duration;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * When a step may run. Whole milliseconds.
 *
 * @param notBefore no attempt begins before it; null: at once
 * @param deadline the step ends at it, whatever it has come to; null: never
 */
public record Window(@Nullable Instant notBefore, @Nullable Instant deadline) {
    /** At any time. */
    public static final Window ANY = new Window(null, null);

    /** Whether the deadline is reached. */
    public boolean isOver(Instant now) {
        return deadline != null && !now.isBefore(deadline);
    }

    /** Whether no attempt may begin yet. */
    public boolean isAhead(Instant now) {
        return notBefore != null && now.isBefore(notBefore);
    }

    /** The first moment from then on at which an attempt may begin. */
    public Instant earliest(Instant from) {
        return notBefore != null && from.isBefore(notBefore) ? notBefore : from;
    }

    /** From when on the queue takes the step's message: it delays one by {@code mostDelay}; null: at once. */
    public @Nullable Instant sendableFrom(Duration mostDelay) {
        return notBefore == null ? null : notBefore.minus(mostDelay);
    }
}
