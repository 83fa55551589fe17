package dev.stepstile.simulation.audit;

import dev.stepstile.simulation.faults.FaultLog;
import dev.stepstile.simulation.scheduler.Scheduler;
import dev.stepstile.simulation.scheduler.SimulatedProcess;
import dev.stepstile.simulation.system.Cluster;
import java.time.Duration;
import java.time.Instant;

/** What every check of the auditor needs: the time, the bounds, and where to say what does not hold. */
public final class Audit {
    /** Calls take their time, sweeps come late, and a function starts cold. */
    static final Duration SLACK = Duration.ofSeconds(15);

    private final Scheduler scheduler;
    private final Cluster cluster;
    private final boolean bounded;
    private final FaultLog faultLog;
    private final Findings findings;
    private final PauseLedger pauses = new PauseLedger();

    /** @param bounded whether sweeps come often enough for delays to be bounded where no fault is injected */
    public Audit(Scheduler scheduler, Cluster cluster, boolean bounded, FaultLog faultLog, Findings findings) {
        this.scheduler = scheduler;
        this.cluster = cluster;
        this.bounded = bounded;
        this.faultLog = faultLog;
        this.findings = findings;
    }

    void violated(Object what, String why) {
        findings.add(what, why);
    }

    long millis() {
        return scheduler.millis();
    }

    Instant now() {
        return scheduler.now();
    }

    Cluster cluster() {
        return cluster;
    }

    PauseLedger pauses() {
        return pauses;
    }

    boolean bounded() {
        return bounded;
    }

    /** The process that makes the call whose effect this is. */
    SimulatedProcess caller() {
        return scheduler.me("the auditor").process;
    }

    Duration sweep() {
        return cluster.timing().sweepEvery();
    }

    /** By how much two clocks may differ. */
    Duration clocks() {
        return cluster.surroundings().maxSkew().multipliedBy(2);
    }

    /**
     * How much too late it is now for what was to happen within {@code bound} of {@code since}; zero or negative if it is
     * not, or if nothing is bounded here. Each fault injected since then may cost one more sweep, and a pause or a
     * full disk also its length, as a pause that somebody asked for does.
     */
    Duration overdue(long since, Duration bound) {
        Duration late = overduePaused(since, bound);
        return late.isPositive() ? late.minusMillis(pauses.costSince(since, millis(), sweep().toMillis())) : late;
    }

    /** As {@link #overdue}, where a pause is no excuse. */
    private Duration overduePaused(long since, Duration bound) {
        if (!bounded) {
            return Duration.ZERO;
        }
        long allowed = bound.plus(SLACK).plus(clocks()).toMillis();
        long late = millis() - since - allowed;
        return late <= 0
                ? Duration.ZERO
                : Duration.ofMillis(late
                        - faultLog.costSince(since, sweep().toMillis())
                        - faultLog.fullCost(since, millis(), sweep().toMillis()));
    }

    /** Whether delays are bounded here, and nothing has gone wrong since then. */
    boolean quietSince(long since) {
        return bounded
                && pauses.costSince(since, millis(), 1) == 0
                && faultLog.costSince(since, 1) == 0
                && faultLog.fullCost(since, millis(), 1) == 0;
    }

    /** Says so if it is too late, where a pause is no excuse. */
    void withinPaused(Object what, long since, Duration bound, String why) {
        Duration late = overduePaused(since, bound);
        if (late.isPositive()) {
            violated(what, why + " " + late + " later than the bound of " + bound);
        }
    }

    /** Says so if it is too late. */
    void within(Object what, long since, Duration bound, String why) {
        Duration late = overdue(since, bound);
        if (late.isPositive()) {
            violated(what, why + " " + late + " later than the bound of " + bound);
        }
    }
}
