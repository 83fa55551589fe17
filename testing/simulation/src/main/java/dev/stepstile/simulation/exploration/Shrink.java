package dev.stepstile.simulation.exploration;

import dev.stepstile.simulation.Outcome;
import dev.stepstile.simulation.SimulationConfig;
import dev.stepstile.simulation.faults.Faults;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;

/**
 * Finds the smallest list of faults that still shows what a run showed, by leaving out ever smaller parts (Zeller and
 * Hildebrandt, "Simplifying and isolating failure-inducing input", 2002).
 */
public final class Shrink {
    private final Replay replay;
    private final UnaryOperator<SimulationConfig> changed;
    private final Predicate<Outcome> shown;
    private int plays;

    /**
     * @param changed what else the setup had
     * @param shown whether an outcome still shows it
     */
    public Shrink(Replay replay, UnaryOperator<SimulationConfig> changed, Predicate<Outcome> shown) {
        this.replay = replay;
        this.changed = changed;
        this.shown = shown;
    }

    /** How often the run was played. */
    public int plays() {
        return plays;
    }

    /** The smallest run found; the original if it does not reproduce, or only with random faults that cannot be requested. */
    public Replay smallest() {
        List<Faults.Injection> faults = play(replay).faults().all().list();
        if (!shows(faults)) {
            return replay;
        }
        int parts = 2;
        while (!faults.isEmpty() && parts <= faults.size()) {
            List<Faults.Injection> fewer = withoutOnePart(faults, parts);
            if (fewer.size() < faults.size()) {
                faults = fewer;
                parts = Math.max(parts - 1, 2);
            } else if (parts == faults.size()) {
                break;
            } else {
                parts = Math.min(parts * 2, faults.size());
            }
        }
        if (faults.size() == 1 && shows(List.of())) {
            faults = List.of();
        }
        return replay.with(Faults.of(faults));
    }

    private List<Faults.Injection> withoutOnePart(List<Faults.Injection> faults, int parts) {
        for (int part = 0; part < parts; part++) {
            int from = faults.size() * part / parts;
            int to = faults.size() * (part + 1) / parts;
            List<Faults.Injection> fewer = new ArrayList<>(faults.subList(0, from));
            fewer.addAll(faults.subList(to, faults.size()));
            if (shows(fewer)) {
                return fewer;
            }
        }
        return faults;
    }

    private boolean shows(List<Faults.Injection> faults) {
        return shown.test(play(replay.with(Faults.of(faults))));
    }

    private Outcome play(Replay which) {
        plays++;
        return which.play(changed.apply(which.config()));
    }
}
