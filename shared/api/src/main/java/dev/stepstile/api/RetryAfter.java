package dev.stepstile.api;

import java.time.Duration;

/** Thrown by a handler to be tried again after a stated time; it wins over the step's backoff, not over its budget. */
public final class RetryAfter extends RuntimeException {
    private final Duration delay;

    /** @param delay one below zero, as of a moment that has just passed, is none */
    public RetryAfter(Duration delay, String message) {
        super(message);
        this.delay = delay.isNegative() ? Duration.ZERO : delay;
    }

    /** From the moment the failure is recorded. */
    public Duration delay() {
        return delay;
    }
}
