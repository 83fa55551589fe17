package dev.stepstile.usecase;

/** Where counts go: CloudWatch's embedded metric format on AWS, a tally on one machine. Never throws. */
public interface Meter {
    void add(Count count, long n);

    default void add(Count count) {
        add(count, 1);
    }
}
