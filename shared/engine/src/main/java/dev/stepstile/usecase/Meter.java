package dev.stepstile.usecase;

import java.time.Duration;

/** Where counts and measured durations go: CloudWatch's embedded metric format on AWS, a tally on one machine. Never throws. */
public interface Meter {
    void add(Metric count, long n);

    /** Ignored by a meter that keeps counts alone. */
    default void measure(Measure measure, Duration value) {}

    default void add(Metric count) {
        add(count, 1);
    }
}
