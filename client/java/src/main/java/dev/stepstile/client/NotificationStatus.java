package dev.stepstile.client;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * How far the notification of a dispatch is.
 *
 * @param state {@code WAITING} while the dispatch is open, {@code OWED} until the target has accepted it, {@code SENT}, or
 *     {@code FAILED} once it is given up; later versions may have others
 * @param version which end of the dispatch it tells of: higher after a redrive, and 0 while the dispatch is open
 * @param closedAt when the dispatch ended; null while it is open
 * @param tries how many were begun since the dispatch ended
 * @param nextTryAt when it is tried next at the earliest; null if it is not OWED
 * @param error why the last try failed; null if none did
 */
public record NotificationStatus(
        String dispatchId,
        String state,
        int version,
        @Nullable Instant closedAt,
        int tries,
        @Nullable Instant nextTryAt,
        @Nullable String error) {}
