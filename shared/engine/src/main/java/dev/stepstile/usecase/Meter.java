package dev.stepstile.usecase;

/** Where counts go: CloudWatch's embedded metric format on AWS, a tally on one machine. Never throws. */
public interface Meter {
    void add(Metric count, long n);

    default void add(Metric count) {
        add(count, 1);
    }
}
