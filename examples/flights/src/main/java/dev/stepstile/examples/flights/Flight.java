package dev.stepstile.examples.flights;

import org.jspecify.annotations.Nullable;

/**
 * One flight, as far as the example looks at it.
 *
 * @param departureDelay in minutes, negative when early; null when the flight was cancelled
 * @param arrivalDelay in minutes; null when cancelled, diverted or not recorded
 */
record Flight(
        String carrier,
        String origin,
        @Nullable Integer departureDelay,
        @Nullable Integer arrivalDelay) {

    boolean cancelled() {
        return departureDelay == null;
    }
}
