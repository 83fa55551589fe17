package dev.stepstile.simulation;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** What did not hold, in order; the first ones are enough. */
final class Findings {
    private static final int MOST = 20;

    private final Scheduler scheduler;
    private final List<String> all = new ArrayList<>();

    Findings(Scheduler scheduler) {
        this.scheduler = scheduler;
    }

    void add(Object what, String why) {
        if (all.size() < MOST) {
            Duration at = Duration.between(Scheduler.START, scheduler.now());
            all.add(what + ": " + why + " (at " + at + ")");
        }
    }

    List<String> all() {
        return List.copyOf(all);
    }
}
