package dev.stepstile.usecase;

import java.time.Duration;

/**
 * The protocol's times.
 *
 * @param lease how long an attempt owns its step without a heartbeat; renewed each third of it
 * @param margin by how much clocks may differ: a lease counts as expired only this much later
 * @param sweepEvery the schedule of the sweeper
 * @param dispatchTimeout the dispatch function's own timeout: an unsent dispatch older than this has crashed
 * @param lostAfter how long after the last send an empty queue means that messages were lost
 * @param resendAfter how long after the last send unclaimed steps are sent again whatever the queue shows; doubles
 * @param resendCap up to which that doubles
 * @param overdueGrace how long a RETRYING step may be overdue before it is sent again; doubles
 * @param validity how long after its dispatch a step may be started for the first time
 * @param cancelCheck how often a running attempt reads whether it is to stop; each heartbeat reads it too
 */
public record Timing(
        Duration lease,
        Duration margin,
        Duration sweepEvery,
        Duration dispatchTimeout,
        Duration lostAfter,
        Duration resendAfter,
        Duration resendCap,
        Duration overdueGrace,
        Duration validity,
        Duration cancelCheck) {

    public static final Timing DEFAULT =
            of(Duration.ofSeconds(60), Duration.ofSeconds(5), Duration.ofSeconds(60), Duration.ofSeconds(30));

    /** The times that are configured; the others are fixed or derived from these. */
    public static Timing of(Duration lease, Duration margin, Duration sweepEvery, Duration dispatchTimeout) {
        return new Timing(
                lease,
                margin,
                sweepEvery,
                dispatchTimeout,
                shorter(Duration.ofMinutes(2), lease.multipliedBy(2)),
                Duration.ofHours(1),
                Duration.ofHours(12),
                sweepEvery.multipliedBy(2),
                Duration.ofDays(14),
                lease.dividedBy(3));
    }

    public Timing withCancelCheck(Duration interval) {
        return new Timing(
                lease,
                margin,
                sweepEvery,
                dispatchTimeout,
                lostAfter,
                resendAfter,
                resendCap,
                overdueGrace,
                validity,
                interval);
    }

    /** How often a running attempt renews its lease. */
    public Duration heartbeat() {
        return lease.dividedBy(3);
    }

    private static Duration shorter(Duration a, Duration b) {
        return a.compareTo(b) < 0 ? a : b;
    }
}
