package dev.stepstile.usecase;

import java.time.Duration;

/** Where counts and measured durations go: CloudWatch's embedded metric format on AWS, a tally on one machine. Never throws. */
public interface Meter {
    /** Keeps nothing. */
    Meter NONE = new Meter() {
        @Override
        public void add(Metric count, long n) {}

        @Override
        public void measure(Measure measure, Duration value) {}
    };

    void add(Metric count, long n);

    void measure(Measure measure, Duration value);

    default void add(Metric count) {
        add(count, 1);
    }
}
