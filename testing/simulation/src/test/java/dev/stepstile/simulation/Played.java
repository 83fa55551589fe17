package dev.stepstile.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import dev.stepstile.simulation.scheduler.Scheduler;
import dev.stepstile.step.Run;
import dev.stepstile.step.Shards;
import dev.stepstile.step.StepId;
import dev.stepstile.step.StepRecord;
import dev.stepstile.step.StepState;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;

/** A scenario that was played to its end, to be asked how it went. */
record Played(Simulation simulation, Outcome outcome) {

    /** What is done wrong in each run that has no mistake of its own; {@code EvidenceTest} changes it. */
    private static volatile UnaryOperator<SimulationConfig> mistake = UnaryOperator.identity();

    static Played of(Scenario scenario, SimulationConfig config) {
        boolean flawless = config.mistake().equals(SimulationConfig.of(1).mistake());
        Simulation simulation = scenario.staged(flawless ? mistake.apply(config) : config);
        return new Played(simulation, simulation.run(Duration.ofDays(2)));
    }

    /** Plays it with many seeds; what the auditor found in each. */
    static List<String> found(Scenario scenario, SimulationConfig config, int seeds) {
        List<String> violations = new ArrayList<>();
        for (int seed = 1; seed <= seeds; seed++) {
            violations.addAll(of(scenario, config.withSeed(seed)).outcome().violations());
        }
        return violations;
    }

    /** Does something while each run that has no mistake of its own has this one. */
    static <T> T under(SeededBug bug, Supplier<T> what) {
        mistake = config -> bug.changes().get().apply(config);
        try {
            return what.get();
        } finally {
            mistake = UnaryOperator.identity();
        }
    }

    StepRecord step(String key) {
        return step(simulation, key);
    }

    static StepRecord step(Simulation simulation, String key) {
        Run run = Objects.requireNonNull(simulation.store().findRun(Scenario.RUN), "the run was never written");
        StepId id = new StepId(Scenario.RUN, key);
        return Objects.requireNonNull(
                simulation.store().find(id, Shards.of(key, run.shards())), "the step has no record");
    }

    Played holds() {
        assertThat(outcome.violations()).isEmpty();
        return this;
    }

    Played isFound(String violation) {
        assertThat(outcome.violations()).anySatisfy(text -> assertThat(text).contains(violation));
        return this;
    }

    /** When a step ended, from the start on. */
    Duration ended(String key) {
        if (step(key).state() instanceof StepState.Ended ended) {
            return Duration.between(Scheduler.START, ended.finishedAt());
        }
        throw new AssertionError(key + " has not ended");
    }
}
