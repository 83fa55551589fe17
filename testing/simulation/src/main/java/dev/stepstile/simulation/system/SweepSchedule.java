package dev.stepstile.simulation.system;

import dev.stepstile.simulation.scheduler.Scheduler;
import dev.stepstile.simulation.scheduler.SimulatedProcess;
import dev.stepstile.usecase.Sweep;
import java.time.Duration;
import java.util.random.RandomGenerator;

/** Calls the sweeper at its interval: a little late, sometimes twice or not at all, and not during an outage. */
public final class SweepSchedule {
    private static final Duration SWEEPER_RESERVE = Duration.ofSeconds(10);
    private static final int LATE_MILLIS = 3_000;

    private final SimulatedFunction<Sweep> function;
    private final Scheduler scheduler;
    private final Cluster cluster;
    private long silentUntil = Long.MIN_VALUE;

    public SweepSchedule(SimulatedFunction<Sweep> function, Scheduler scheduler, Cluster cluster) {
        this.function = function;
        this.scheduler = scheduler;
        this.cluster = cluster;
    }

    /** No call comes for so long. */
    public void silent(Duration length) {
        silentUntil = scheduler.millis() + length.toMillis();
    }

    /** Calls for as long as its process lives. */
    public void keep(SimulatedProcess process) {
        RandomGenerator random = process.runtime().random();
        long every = cluster.timing().sweepEvery().toMillis();
        long next = scheduler.millis() + every;
        while (true) {
            scheduler.pause(next + random.nextInt(LATE_MILLIS) - scheduler.millis());
            next += every;
            int times = random.nextDouble() < cluster.surroundings().missedSweeps()
                    ? 0
                    : random.nextDouble() < cluster.surroundings().doubledSweeps() ? 2 : 1;
            for (int i = 0; i < times && scheduler.millis() >= silentUntil; i++) {
                process.start("call", this::call);
            }
        }
    }

    private void call() {
        function.invoke((sweep, deadline) -> sweep.sweep(deadline.minus(SWEEPER_RESERVE)));
    }
}
