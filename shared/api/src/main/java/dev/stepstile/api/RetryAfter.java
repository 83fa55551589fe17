package dev.stepstile.api;

import java.time.Duration;

/** Thrown by a handler to be tried again after a stated time; it wins over the step's backoff, not over its budget. */
public final class RetryAfter extends RuntimeException {
    private final Duration delay;

    public RetryAfter(Duration delay, String message) {
        super(message);
        if (delay.isNegative()) {
            throw new IllegalArgumentException("delay is negative: " + delay);
        }
        this.delay = delay;
    }

    /** From the moment the failure is recorded. */
    public Duration delay() {
        return delay;
    }
}
