package dev.stepstile.client;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * An attempt that did not succeed.
 *
 * @param number 1 for the first
 * @param kind one of the error kinds that the wire contract lists, as {@code WORKER_LOST}; there may be new ones. {@code REDRIVEN}
 *     is no failure but a note that a redrive changed the step's settings
 * @param message for people
 * @param startedAt null if it is not known
 * @param endedAt null if it is not known
 */
public record Attempt(
        int number,
        String kind,
        String message,
        @Nullable Instant startedAt,
        @Nullable Instant endedAt) {}
