package dev.stepstile.simulation.exploration;

import dev.stepstile.simulation.Outcome;
import dev.stepstile.simulation.SimulationConfig;
import dev.stepstile.simulation.faults.Fault;
import dev.stepstile.simulation.faults.FaultProfile;
import dev.stepstile.simulation.faults.Faults;
import dev.stepstile.simulation.scenarios.Scenarios;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.UnaryOperator;

/** Plays a scenario again and again, each time with another port call going wrong. */
public final class Exploration {
    /** Longer than a lease, its margin and two sweeps, so that others take over; far shorter than the function's timeout. */
    private static final Duration BEYOND_LEASE = Duration.ofSeconds(200);

    /** What can go wrong at a call. */
    public static final List<Fault> FAULTS = List.of(
            new Fault.CrashBefore(),
            new Fault.CrashAfter(),
            new Fault.Fail(),
            new Fault.LoseResponse(),
            new Fault.Duplicate(),
            new Fault.Pause(BEYOND_LEASE));

    private final Replay replay;
    private final UnaryOperator<SimulationConfig> changed;
    private final Listener listener;
    private final SortedMap<String, Integer> executions = new TreeMap<>();
    private final List<Finding> findings = new ArrayList<>();
    private boolean endsWithFirst;

    /** Is told of each execution. */
    @FunctionalInterface
    public interface Listener {
        Listener NONE = (faults, outcome) -> {};

        void played(Faults faults, Outcome outcome);
    }

    public Exploration(Scenarios.Named scenario, long seed) {
        this(scenario, seed, UnaryOperator.identity(), Listener.NONE);
    }

    /** @param changed what else the setup has */
    public Exploration(
            Scenarios.Named scenario, long seed, UnaryOperator<SimulationConfig> changed, Listener listener) {
        this.replay = Replay.of(scenario, scenario.steps(), seed, FaultProfile.CALM);
        this.changed = changed;
        this.listener = listener;
    }

    /** A guarantee that did not hold: what shows it again. */
    public record Finding(Replay replay, List<String> violations) {
        @Override
        public String toString() {
            return replay.command() + ": " + violations;
        }
    }

    /** Ends with its first finding. */
    public Exploration untilFirstFinding() {
        endsWithFirst = true;
        return this;
    }

    private boolean goesOn() {
        return !endsWithFirst || findings.isEmpty();
    }

    /** One execution for each fault at each port call, and one for each batch of which a part alone is taken. */
    public Exploration singles() {
        for (Fault fault : FAULTS) {
            int call = 1;
            while (goesOn() && play(Faults.NONE.at(call, fault), fault.name()) >= call) {
                call++;
            }
        }
        Fault partial = new Fault.Partial();
        for (String batch : Fault.BATCHES) {
            int nth = 1;
            while (goesOn() && injected(Faults.NONE.at(batch, nth, partial), partial.name())) {
                nth++;
            }
        }
        return this;
    }

    /** @return whether a fault was injected */
    private boolean injected(Faults faults, String kind) {
        Outcome outcome = played(faults, kind);
        return !outcome.faults().all().list().isEmpty();
    }

    private Outcome outcome(Faults faults) {
        return replay.play(changed.apply(replay.with(faults).config()));
    }

    private int play(Faults faults, String kind) {
        return played(faults, kind).progress().portCalls();
    }

    private Outcome played(Faults faults, String kind) {
        Outcome outcome = outcome(faults);
        executions.merge(kind, 1, Integer::sum);
        if (!outcome.violations().isEmpty()) {
            findings.add(new Finding(replay.with(faults), outcome.violations()));
        }
        listener.played(faults, outcome);
        return outcome;
    }

    public List<Finding> findings() {
        return List.copyOf(findings);
    }

    /** How many executions there were of each kind. */
    public SortedMap<String, Integer> executions() {
        return executions;
    }

    public int total() {
        return executions.values().stream().mapToInt(Integer::intValue).sum();
    }
}
