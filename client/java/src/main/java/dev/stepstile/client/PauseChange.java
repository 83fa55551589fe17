package dev.stepstile.client;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * What became of a pause or a resume.
 *
 * @param at since when it is paused, or when it was resumed; null for a resume of what was never paused
 * @param changed whether this call changed anything
 */
public record PauseChange(PauseScope scope, @Nullable Instant at, boolean changed) {}
