package dev.stepstile.simulation;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;

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

    private final Scenario scenario;
    private final Setup setup;
    private final SortedMap<String, Integer> executions = new TreeMap<>();
    private final List<Finding> findings = new ArrayList<>();

    public Exploration(Scenario scenario, Setup setup) {
        this.scenario = scenario;
        this.setup = setup;
    }

    /** A guarantee that did not hold: the seed and the faults that show it. */
    public record Finding(long seed, Faults faults, List<String> violations) {
        @Override
        public String toString() {
            return "seed " + seed + ", " + faults + ": " + violations;
        }
    }

    /** One execution for each fault at each port call. */
    public Exploration singles() {
        for (Fault fault : FAULTS) {
            int call = 1;
            while (play(Faults.NONE.at(call, fault), name(fault)) >= call) {
                call++;
            }
        }
        return this;
    }

    /** Executions with two faults, drawn by the seed from all pairs of them at all pairs of calls. */
    public Exploration pairs(int sample) {
        RandomGenerator random = RandomGeneratorFactory.of("L64X128MixRandom").create(setup.seed());
        int calls = scenario.play(setup).portCalls();
        for (int i = 0; i < sample; i++) {
            Fault first = FAULTS.get(random.nextInt(FAULTS.size()));
            Fault second = FAULTS.get(random.nextInt(FAULTS.size()));
            int one = 1 + random.nextInt(calls);
            int reach = scenario.play(setup.with(Faults.NONE.at(one, first))).portCalls();
            int two = one + 1 + random.nextInt(Math.max(reach - one, 1));
            play(Faults.NONE.at(one, first).at(two, second), name(first) + " + " + name(second));
        }
        return this;
    }

    private int play(Faults faults, String kind) {
        Outcome outcome = scenario.play(setup.with(faults));
        executions.merge(kind, 1, Integer::sum);
        if (!outcome.violations().isEmpty()) {
            findings.add(new Finding(setup.seed(), faults, outcome.violations()));
        }
        return outcome.portCalls();
    }

    private static String name(Fault fault) {
        return fault.getClass().getSimpleName();
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
