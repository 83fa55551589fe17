package dev.stepstile.client;

import java.time.Duration;
import java.time.Instant;

/** A moment, as a call names it. */
public sealed interface Moment {

    /** At this instant. */
    record At(Instant instant) implements Moment {}

    /** So long after Stepstile accepts the call, and when the call is repeated, as the first time. */
    record After(Duration delay) implements Moment {}

    /** At this instant. */
    static Moment at(Instant instant) {
        return new At(instant);
    }

    /** So long after Stepstile accepts the call. */
    static Moment after(Duration delay) {
        return new After(delay);
    }
}
