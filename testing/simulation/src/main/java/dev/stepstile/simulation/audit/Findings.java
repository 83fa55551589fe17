package dev.stepstile.simulation.audit;

import dev.stepstile.simulation.scheduler.Scheduler;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** What did not hold, in order; the first ones are enough. */
public final class Findings {
    private static final int MOST = 20;

    private final Scheduler scheduler;
    private final boolean stops;
    private final List<String> all = new ArrayList<>();

    /** @param stops whether the first one ends the run */
    public Findings(Scheduler scheduler, boolean stops) {
        this.scheduler = scheduler;
        this.stops = stops;
    }

    public void add(Object what, String why) {
        if (all.size() < MOST) {
            Duration at = Duration.between(Scheduler.START, scheduler.now());
            all.add(what + ": " + why + " (at " + at + ")");
        }
        if (stops) {
            scheduler.stop();
        }
    }

    public List<String> all() {
        return List.copyOf(all);
    }
}
