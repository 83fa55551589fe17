package dev.stepstile.step;

import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;

/** A moment as a caller names it. */
public sealed interface Moment {

    /** At this instant. */
    record At(Instant instant) implements Moment {
        @Override
        public Instant from(Instant accepted) {
            return instant.truncatedTo(ChronoUnit.MILLIS);
        }
    }

    /** So long after the call that names it is accepted. */
    record After(Duration delay) implements Moment {
        @Override
        public Instant from(Instant accepted) {
            return accepted.plus(delay);
        }
    }

    /** When that is, for a call that is accepted then. */
    Instant from(Instant accepted);

    /** As it was given, for a digest: not when that is. */
    default String text() {
        return switch (this) {
            case At(Instant instant) -> instant.toString();
            case After(Duration delay) -> delay.toString();
        };
    }
}
