package dev.stepstile.usecase;

import java.time.Duration;
import java.time.Instant;

/**
 * The protocol's times.
 *
 * @param lease how long a worker is believed to live without a heartbeat; each third of it, a heartbeat renews it, and
 *     learns which steps are to stop
 * @param margin by how much clocks may differ: a lease counts as expired only this much later
 * @param sweepEvery the schedule of the sweeper
 * @param dispatchTimeout the dispatch function's own timeout: an unsent dispatch older than this has crashed
 * @param validity how long after its dispatch a step may be started for the first time
 */
public record Timing(
        Duration lease,
        Duration margin,
        Duration sweepEvery,
        Duration dispatchTimeout,
        Duration validity,
        Resending resending) {

    /**
     * When the sweeper sends messages again.
     *
     * @param lostAfter how long after the last send an empty queue means that messages were lost
     * @param unclaimedAfter how long after the last send unclaimed steps are sent again whatever the queue shows; doubles
     * @param unclaimedCap up to which that doubles
     * @param overdueAfter how long a RETRYING step may be overdue before it is sent again; doubles
     */
    public record Resending(
            Duration lostAfter, Duration unclaimedAfter, Duration unclaimedCap, Duration overdueAfter) {}

    public static final Timing DEFAULT =
            of(Duration.ofSeconds(15), Duration.ofSeconds(5), Duration.ofSeconds(60), Duration.ofSeconds(30));

    /** The times that are configured; the others are fixed or derived from these. */
    public static Timing of(Duration lease, Duration margin, Duration sweepEvery, Duration dispatchTimeout) {
        return new Timing(
                lease,
                margin,
                sweepEvery,
                dispatchTimeout,
                Duration.ofDays(14),
                new Resending(
                        shorter(Duration.ofMinutes(2), lease.multipliedBy(8)),
                        Duration.ofHours(1),
                        Duration.ofHours(12),
                        sweepEvery.multipliedBy(2)));
    }

    public Timing withValidity(Duration other) {
        return new Timing(lease, margin, sweepEvery, dispatchTimeout, other, resending);
    }

    /** How often an environment looks for silent workers at most, and after how long another one recovers a revoked one. */
    public Duration lookEvery() {
        return lease.multipliedBy(2).dividedBy(3);
    }

    /** When a step was dispatched that may be started until then. */
    Instant dispatchedAt(Instant validUntil) {
        return validUntil.minus(validity);
    }

    /** How often a worker renews its lease. */
    public Duration heartbeat() {
        return lease.dividedBy(3);
    }

    static Duration shorter(Duration a, Duration b) {
        return a.compareTo(b) < 0 ? a : b;
    }
}
