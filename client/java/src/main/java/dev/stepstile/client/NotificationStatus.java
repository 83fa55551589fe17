package dev.stepstile.client;

import org.jspecify.annotations.Nullable;

/**
 * How far the notification of a dispatch is.
 *
 * @param state {@code WAITING} while the dispatch is open, {@code OWED} until the target has accepted it, {@code SENT}, or
 *     {@code FAILED} once it is given up; later versions may have others
 * @param tries how many were begun since the dispatch ended
 * @param error why the last try failed; null if none did
 */
public record NotificationStatus(
        String dispatchId,
        String state,
        int tries,
        @Nullable String error) {}
