package dev.stepstile.bench.plan;

import dev.stepstile.step.Limits;
import java.time.Duration;

/**
 * The steps that are to run.
 *
 * @param seconds how long an attempt of each step takes
 * @param retries how many attempts of a step fail and are retried, on average
 * @param batch how many steps an invocation takes at most
 */
public record Workload(long steps, double seconds, double retries, int batch) {
    /** More than anyone runs in a month, and few enough for a line of 80 columns. */
    public static final long MOST_STEPS = 10_000_000_000L;

    public static final double MOST_RETRIES = 10;

    /** What SQS returns from one receive, and the template's size of a batch. */
    public static final int MOST_IN_A_BATCH = 10;

    /** @throws IllegalArgumentException if a value is out of its range; the message names the option */
    public Workload {
        require(steps >= 1 && steps <= MOST_STEPS, "--steps must be 1 to 10,000,000,000.");
        require(
                seconds >= 0 && seconds <= Limits.TIMEOUT.toSeconds(),
                "--seconds must be 0 to " + Limits.TIMEOUT.toSeconds() + ": no step may run longer.");
        require(retries >= 0 && retries <= MOST_RETRIES, "--retries must be 0 to 10, for each step.");
        require(batch >= 1 && batch <= MOST_IN_A_BATCH, "--batch must be 1 to 10.");
    }

    static void require(boolean holds, String otherwise) {
        if (!holds) {
            throw new IllegalArgumentException(otherwise);
        }
    }

    Duration duration() {
        return Duration.ofMillis(Math.round(seconds * 1000));
    }

    double attempts() {
        return steps * (1 + retries);
    }
}
