package dev.stepstile.simulation.faults;

import dev.stepstile.simulation.scheduler.Scheduler;
import dev.stepstile.simulation.scheduler.SimulatedProcess;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.random.RandomGenerator;

/** Which ports some processes cannot reach for a while, and which refuse a share of their calls. */
public final class Outages {
    private final Scheduler scheduler;
    private final RandomGenerator random;
    private final List<Outage> outages = new ArrayList<>();

    /**
     * @param function the processes' names begin with it; empty: all
     * @param port the calls' descriptions begin with it
     * @param processes the share of these processes that it affects
     * @param calls the share of their calls that fail
     * @param salt outages with different salts affect different processes
     */
    private record Outage(String function, String port, double processes, double calls, long until, long salt) {
        boolean affects(SimulatedProcess process, String description) {
            return description.startsWith(port)
                    && process.name().startsWith(function)
                    && (processes >= 1 || share(process.name().hashCode() ^ salt) < processes);
        }

        /** Between 0 and 1, the same for the same process. */
        private static double share(long number) {
            return ((number * 0x9e3779b97f4a7c15L) >>> 11) * 0x1.0p-53;
        }
    }

    Outages(Scheduler scheduler, RandomGenerator random) {
        this.scheduler = scheduler;
        this.random = random;
    }

    public void begin(String function, String port, double processes, double calls, Duration length) {
        long until = scheduler.millis() + length.toMillis();
        outages.add(new Outage(function, port, processes, calls, until, random.nextLong()));
    }

    /** Whether this call fails. */
    boolean refuse(SimulatedProcess process, String description) {
        if (outages.isEmpty()) {
            return false;
        }
        outages.removeIf(outage -> outage.until() <= scheduler.millis());
        for (Outage outage : outages) {
            if (outage.affects(process, description)) {
                return outage.calls() >= 1 || random.nextDouble() < outage.calls();
            }
        }
        return false;
    }
}
