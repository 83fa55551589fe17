package dev.stepstile.simulation.faults;

import dev.stepstile.simulation.scheduler.Scheduler;
import dev.stepstile.simulation.scheduler.SimulatedProcess;
import java.time.Duration;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;
import org.jspecify.annotations.Nullable;

/** Decides which port calls go wrong: as requested, at random, and because of an outage. */
public final class FaultInjector {
    private static final long SALT = 0x77656174686572L;

    private final Faults.Counter faults;
    private final FaultProfile faultProfile;
    private final RandomGenerator dice;
    private final Outages outages;
    private final Scheduler scheduler;
    private final FaultLog faultLog = new FaultLog();
    private FullDisk fullDisk = FullDisk.NEVER;

    /** Has random generators of its own, so that a run is the same if its random faults are requested by number instead. */
    public FaultInjector(Faults faults, FaultProfile faultProfile, long seed, Scheduler scheduler) {
        this.faults = faults.counter();
        this.faultProfile = faultProfile;
        this.scheduler = scheduler;
        this.dice = dice(seed, 1);
        this.outages = new Outages(scheduler, dice(seed, 2));
    }

    private static RandomGenerator dice(long seed, long which) {
        return RandomGeneratorFactory.of("L64X128MixRandom").create(seed ^ (SALT * which));
    }

    private static boolean isBatch(String description) {
        return Fault.BATCHES.stream().anyMatch(description::startsWith);
    }

    /** The fault at this call, null if there is none. */
    @Nullable
    public Fault at(SimulatedProcess process, int number, String description) {
        if (fullDisk.refuses(description, scheduler.millis())) {
            faultLog.count("disk full");
            process.disturbed(description);
            return new Fault.DiskFull();
        }
        Fault fault = faults.at(number, description);
        if (fault == null) {
            fault = faultProfile.draw(dice, isBatch(description));
        }
        if (fault != null) {
            faultLog.injected(process, number, description, fault);
        } else if (outages.refuse(process, description)) {
            faultLog.count("outage");
            fault = new Fault.Fail();
        }
        if (fault != null) {
            process.disturbed(description);
            faultLog.delayed(
                    scheduler.millis(), fault instanceof Fault.Pause(Duration length) ? length : Duration.ZERO);
        }
        return fault;
    }

    /** What waits is excused by its length alone, not by each call that it refuses. */
    public void fillDisks(FullDisk window) {
        fullDisk = window;
        faultLog.fillDisks(window);
    }

    public Outages outages() {
        return outages;
    }

    public FaultLog faultLog() {
        return faultLog;
    }
}
