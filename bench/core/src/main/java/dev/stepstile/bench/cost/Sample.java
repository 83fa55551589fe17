package dev.stepstile.bench.cost;

import java.time.Duration;

/**
 * Some steps, run and counted, for what many more of them consume.
 *
 * @param step what one consumes, from its dispatch until its result is read
 * @param stored what of it stays stored
 * @param metrics how many custom metrics are sent
 */
public record Sample(Consumption step, Consumption.Stored stored, int metrics) {
    /** As many as {@code ./stepstile bench cost} runs. */
    public static final int STEPS = 2_000;

    /**
     * Runs steps of a duration.
     *
     * @param batch how many messages an invocation takes at most, 1 to 10
     * @param retries how many attempts of a step fail and are retried, on average
     */
    public static Sample of(Duration step, int batch, double retries) {
        return of(step, batch, retries, STEPS);
    }

    static Sample of(Duration step, int batch, double retries, int steps) {
        CostRun run = new CostRun();
        CostRun.Counted counted = run.run(step, steps, batch, retries);
        return new Sample(
                Consumption.of(counted.counts(), steps),
                run.account().stored().times(1.0 / steps),
                run.account().metrics());
    }

    /** What a deployment consumes in an hour in which nothing runs. */
    public static Consumption idleHour() {
        return Consumption.of(new CostRun().idle(Duration.ofHours(1)), 1);
    }

    /** What one client consumes in an hour in which it follows the feed of a run: ten times that of six minutes. */
    public static Consumption followedHour() {
        return Consumption.of(new CostRun().followed(Duration.ofMinutes(6)), 0.1);
    }
}
