package dev.stepstile.simulation.system;

import dev.stepstile.usecase.Timing;
import java.time.Duration;

/**
 * The system that is simulated: its configuration, and how well its surroundings behave.
 *
 * @param workers how many batches are executed at once
 * @param visibility of the queue; at least six times the step function's timeout, as Lambda demands
 * @param maxSkew by how much a process's clock may be ahead or behind
 * @param clientRetries whether a client whose dispatch call got no answer calls again
 * @param missedSweeps the share of the schedule's calls that never come
 * @param doubledSweeps the share that come twice, at once
 * @param throttled the share of batches that are received but not executed, and come again
 * @param bounded whether sweeps and calls are reliable enough for recovery to be bounded in time
 * @param estimateLag by how much the queue's answer whether it shows messages may be out of date
 */
public record Cluster(
        Timing timing,
        int shards,
        int workers,
        Duration stepTimeout,
        Duration visibility,
        Duration maxSkew,
        boolean clientRetries,
        double missedSweeps,
        double doubledSweeps,
        double throttled,
        boolean bounded,
        Duration estimateLag) {

    /**
     * With the times of a deployment, in surroundings that behave. The function's timeout and the visibility are shorter
     * than deployed: a message whose worker died comes again after the visibility, and until then nothing happens.
     */
    public static final Cluster CALM = new Cluster(
            Timing.DEFAULT,
            2,
            2,
            Duration.ofMinutes(6),
            Duration.ofMinutes(36),
            Duration.ofMillis(500),
            true,
            0,
            0,
            0,
            true,
            Duration.ZERO);

    /** As deployed: a function that may run for 15 minutes, and many of it; surroundings that behave. */
    public static final Cluster LARGE = new Cluster(
            Timing.DEFAULT,
            8,
            64,
            Duration.ofMinutes(15),
            Duration.ofMinutes(90),
            Duration.ofMillis(500),
            true,
            0,
            0,
            0,
            true,
            Duration.ZERO);

    /** In surroundings that do not behave. */
    public static final Cluster ROUGH = new Cluster(
            Timing.DEFAULT,
            4,
            4,
            Duration.ofMinutes(15),
            Duration.ofMinutes(90),
            Duration.ofSeconds(2),
            true,
            0.05,
            0.1,
            0.02,
            false,
            Duration.ofSeconds(30));

    public Cluster with(Timing other) {
        return changed(other, workers, maxSkew, clientRetries, bounded);
    }

    public Cluster withWorkers(int number) {
        return changed(timing, number, maxSkew, clientRetries, bounded);
    }

    public Cluster withMaxSkew(Duration skew) {
        return changed(timing, workers, skew, clientRetries, bounded);
    }

    public Cluster withoutClientRetries() {
        return changed(timing, workers, maxSkew, false, bounded);
    }

    public Cluster unbounded() {
        return changed(timing, workers, maxSkew, clientRetries, false);
    }

    public Cluster withEstimateLag(Duration lag) {
        return new Cluster(
                timing,
                shards,
                workers,
                stepTimeout,
                visibility,
                maxSkew,
                clientRetries,
                missedSweeps,
                doubledSweeps,
                throttled,
                bounded,
                lag);
    }

    /** The same in surroundings that do not behave. */
    public Cluster roughened() {
        return new Cluster(
                timing,
                shards,
                workers,
                stepTimeout,
                visibility,
                ROUGH.maxSkew,
                clientRetries,
                ROUGH.missedSweeps,
                ROUGH.doubledSweeps,
                ROUGH.throttled,
                false,
                ROUGH.estimateLag);
    }

    /** A lost worker's step is taken over within this after its last heartbeat: lease, margin and two sweeps. */
    public Duration recoveryBound() {
        return timing.lease().plus(timing.margin()).plus(timing.sweepEvery().multipliedBy(2));
    }

    private Cluster changed(
            Timing newTiming, int newWorkers, Duration newMaxSkew, boolean newClientRetries, boolean newBounded) {
        return new Cluster(
                newTiming,
                shards,
                newWorkers,
                stepTimeout,
                visibility,
                newMaxSkew,
                newClientRetries,
                missedSweeps,
                doubledSweeps,
                throttled,
                newBounded,
                estimateLag);
    }
}
