package dev.stepstile.client;

import java.time.Duration;

/**
 * How long a step waits between attempts: after the n-th failure anything from 0 to min({@code cap}, {@code base} · 2ⁿ⁻¹).
 *
 * @param base 0 to 12 hours
 * @param cap 0 to 12 hours
 */
public record Retry(Duration base, Duration cap) {}
