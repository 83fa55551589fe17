package dev.stepstile.client;

import java.time.Instant;

/**
 * A pause that lasts.
 *
 * @param pausedAt since when
 * @param reason what whoever paused it said; empty for nothing
 */
public record Pause(PauseScope scope, Instant pausedAt, String reason) {}
