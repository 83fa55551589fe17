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

/** A scenario that was played to its end, to be asked how it went. */
record Played(Simulation simulation, Outcome outcome) {

    static Played of(Scenario scenario, SimulationConfig config) {
        Simulation simulation = scenario.staged(config);
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
