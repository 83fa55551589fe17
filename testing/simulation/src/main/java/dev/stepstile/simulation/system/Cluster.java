package dev.stepstile.simulation.system;

import dev.stepstile.usecase.Timing;
import java.time.Duration;

/**
 * The system that is simulated.
 *
 * @param workers how many batches are executed at once
 * @param stepTimeout of the step function
 * @param visibility of the queue; at least six times the step function's timeout, as Lambda demands
 * @param clientRetries whether a client whose dispatch call got no answer calls again
 */
public record Cluster(
        Timing timing,
        int shards,
        int workers,
        Duration stepTimeout,
        Duration visibility,
        boolean clientRetries,
        Surroundings surroundings) {

    /**
     * How well what the system runs on behaves.
     *
     * @param maxSkew by how much a process's clock may be ahead or behind
     * @param missedSweeps the share of the schedule's calls that never come
     * @param doubledSweeps the share that come twice, at once
     * @param throttled the share of batches that are received but not executed, and come again
     * @param bounded whether sweeps and calls are reliable enough for recovery to be bounded in time
     * @param estimateLag by how much the queue's answer whether it shows messages may be out of date
     */
    public record Surroundings(
            Duration maxSkew,
            double missedSweeps,
            double doubledSweeps,
            double throttled,
            boolean bounded,
            Duration estimateLag) {
        private static final Surroundings RELIABLE =
                new Surroundings(Duration.ofMillis(500), 0, 0, 0, true, Duration.ZERO);
        private static final Surroundings ROUGH =
                new Surroundings(Duration.ofSeconds(2), 0.05, 0.1, 0.02, false, Duration.ofSeconds(30));
    }

    /**
     * With the times of a deployment, in reliable surroundings. The function's timeout and the visibility are shorter
     * than deployed: a message whose worker died comes again after the visibility, and until then nothing happens.
     */
    public static final Cluster CALM = new Cluster(
            Timing.DEFAULT, 2, 2, Duration.ofMinutes(6), Duration.ofMinutes(36), true, Surroundings.RELIABLE);

    /** As deployed: a function that may run for 15 minutes, and many of it; in reliable surroundings. */
    public static final Cluster LARGE = new Cluster(
            Timing.DEFAULT, 8, 64, Duration.ofMinutes(15), Duration.ofMinutes(90), true, Surroundings.RELIABLE);

    /** In unreliable surroundings. */
    public static final Cluster ROUGH =
            new Cluster(Timing.DEFAULT, 4, 4, Duration.ofMinutes(15), Duration.ofMinutes(90), true, Surroundings.ROUGH);

    public Cluster with(Timing other) {
        return new Cluster(other, shards, workers, stepTimeout, visibility, clientRetries, surroundings);
    }

    public Cluster withWorkers(int number) {
        return new Cluster(timing, shards, number, stepTimeout, visibility, clientRetries, surroundings);
    }

    public Cluster withoutClientRetries() {
        return new Cluster(timing, shards, workers, stepTimeout, visibility, false, surroundings);
    }

    public Cluster withMaxSkew(Duration skew) {
        return in(skew, surroundings.bounded(), surroundings.estimateLag());
    }

    public Cluster unbounded() {
        return in(surroundings.maxSkew(), false, surroundings.estimateLag());
    }

    public Cluster withEstimateLag(Duration lag) {
        return in(surroundings.maxSkew(), surroundings.bounded(), lag);
    }

    /** The same in unreliable surroundings. */
    public Cluster roughened() {
        return in(Surroundings.ROUGH);
    }

    public boolean bounded() {
        return surroundings.bounded();
    }

    /** A lost worker's step is taken over within this after its last heartbeat: lease, margin and two sweeps. */
    public Duration recoveryBound() {
        return timing.lease().plus(timing.margin()).plus(timing.sweepEvery().multipliedBy(2));
    }

    private Cluster in(Duration maxSkew, boolean bounded, Duration estimateLag) {
        return in(new Surroundings(
                maxSkew,
                surroundings.missedSweeps(),
                surroundings.doubledSweeps(),
                surroundings.throttled(),
                bounded,
                estimateLag));
    }

    private Cluster in(Surroundings other) {
        return new Cluster(timing, shards, workers, stepTimeout, visibility, clientRetries, other);
    }
}
