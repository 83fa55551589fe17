package dev.stepstile.simulation;

import java.time.Duration;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;
import org.jspecify.annotations.Nullable;

/** Decides which port calls go wrong: those that were asked for, by chance, and because of an outage. */
final class Misfortune {
    private static final long SALT = 0x77656174686572L;

    private final Faults.Counter faults;
    private final Weather weather;
    private final RandomGenerator dice;
    private final Outages outages;
    private final Scheduler scheduler;
    private final Strikes strikes = new Strikes();
    private FullDisk fullDisk = FullDisk.NEVER;

    /** With dice of its own: a run whose chance strikes are asked for by number instead is the same run. */
    Misfortune(Faults faults, Weather weather, long seed, Scheduler scheduler) {
        this.faults = faults.counter();
        this.weather = weather;
        this.scheduler = scheduler;
        this.dice = dice(seed, 1);
        this.outages = new Outages(scheduler, dice(seed, 2));
    }

    private static RandomGenerator dice(long seed, long which) {
        return RandomGeneratorFactory.of("L64X128MixRandom").create(seed ^ (SALT * which));
    }

    private static boolean isBatch(String description) {
        return Exploration.BATCHES.stream().anyMatch(description::startsWith);
    }

    /** The fault at this call, null if there is none. */
    @Nullable
    Fault at(SimulatedProcess process, int number, String description) {
        if (fullDisk.refuses(description, scheduler.millis())) {
            strikes.count("disk full");
            process.disturbed(description);
            return new Fault.DiskFull();
        }
        Fault fault = faults.at(number, description);
        if (fault == null) {
            fault = weather.strike(dice, isBatch(description));
        }
        if (fault != null) {
            strikes.struck(process, number, description, fault);
        } else if (outages.refuse(process, description)) {
            strikes.count("outage");
            fault = new Fault.Fail();
        }
        if (fault != null) {
            process.disturbed(description);
            strikes.delayed(scheduler.millis(), fault instanceof Fault.Pause(Duration length) ? length : Duration.ZERO);
        }
        return fault;
    }

    /** What waits is excused by its length alone, not by each call that it refuses. */
    void fillDisks(FullDisk window) {
        fullDisk = window;
        strikes.fillDisks(window);
    }

    Outages outages() {
        return outages;
    }

    Strikes strikes() {
        return strikes;
    }
}
