package dev.stepstile.usecase;

import java.time.Duration;

/**
 * Where counts and measured values go: CloudWatch's embedded metric format on AWS, memory on one machine. No value is of one
 * run. Never throws.
 */
public interface Meter {
    void add(Metric count, long n);

    /** Ignored by a meter that keeps counts alone. */
    default void measure(Measure measure, Duration value) {}

    /**
     * As {@link #measure(Measure, Duration)}, of one handler.
     *
     * @param handler as {@link Handlers#label} names it, so that there are only so many
     */
    default void measure(Measure measure, String handler, Duration value) {}

    /** Ignored by a meter that keeps counts alone. */
    default void set(Gauge gauge, long value) {}

    default void add(Metric count) {
        add(count, 1);
    }
}
