package dev.stepstile.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import dev.stepstile.simulation.OperatorAudit.Audited;
import dev.stepstile.simulation.faults.FaultProfile;
import dev.stepstile.simulation.scenarios.Scenarios;
import dev.stepstile.simulation.system.SimulatedHandler;
import dev.stepstile.step.PauseScope;
import dev.stepstile.usecase.Metric;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Operators audit all runs again and again while work goes on, under faults, crashes, redrives and cancels. */
class LiveAuditTest {
    private static final Duration OFTEN = Duration.ofSeconds(15);
    private static final Duration AT_MOST = Duration.ofDays(2);

    private static final Map<String, Long> AUDITED = new TreeMap<>();

    private record Played(List<String> violations, Audited audited) {}

    private static Played play(Scenarios.Named named, int steps, SimulationConfig config, Duration every) {
        Simulation simulation = named.sized().apply(steps).audited(every).staged(config);
        Outcome outcome = simulation.run(AT_MOST);
        return new Played(outcome.violations(), simulation.audited());
    }

    private static void reportsNothing(String name, long seeds, String... weathers) {
        Scenarios.Named named = Scenarios.named(name);
        Audited audited = Audited.NONE;
        for (long seed = 1; seed <= seeds; seed++) {
            for (String weather : weathers) {
                SimulationConfig config = named.config(seed).with(FaultProfile.parse(weather));
                Played played = play(named, named.steps(), config, OFTEN);
                assertThat(played.violations())
                        .as("%s, seed %s, %s", name, seed, weather)
                        .isEmpty();
                audited = audited.plus(played.audited());
            }
        }
        System.out.printf("%s: %s%n", name, audited);
        assertThat(audited.steps()).isGreaterThan(seeds * named.steps());
    }

    @ParameterizedTest
    @CsvSource({"busy, 3", "varied, 1"})
    void a_live_audit_reports_nothing_whatever_is_under_way(String name, long seeds) {
        reportsNothing(name, seeds, "none", "rough");
    }

    @ParameterizedTest
    @ValueSource(strings = {"busy", "varied", "full-disk", "notified", "moved-back", "attached-moved-back"})
    @Tag("full")
    @Timeout(value = 20, unit = TimeUnit.MINUTES)
    void a_live_audit_reports_nothing_in_any_weather(String name) {
        reportsNothing(name, 20, "none", "light", "rough");
    }

    @ParameterizedTest
    @CsvSource({"busy, 2", "redriven, 5"})
    void the_audit_of_all_runs_reports_nothing_and_comes_to_each_step(String name, long seeds) {
        Scenarios.Named named = Scenarios.named(name);
        for (long seed = 1; seed <= seeds; seed++) {
            Simulation simulation = named.scenario().staged(named.config(seed).with(FaultProfile.parse("rough")));
            simulation.auditRounds(OFTEN);
            Outcome outcome = simulation.run(AT_MOST);
            assertThat(outcome.violations()).as("%s, seed %s", name, seed).isEmpty();
            assertThat(simulation.audited().steps())
                    .isGreaterThanOrEqualTo(outcome.progress().accepted());
            assertThat(simulation.audited().reads()).isPositive();
        }
    }

    @Test
    void an_auditor_that_does_not_wait_for_its_second_look_raises_false_alarms() {
        List<Long> raised = new ArrayList<>();
        for (long seed = 1; seed <= 5; seed++) {
            Simulation simulation = Scenarios.BUSY.scenario().staged(Scenarios.BUSY.config(seed));
            simulation.auditLive(OFTEN, false);
            if (!simulation.run(AT_MOST).violations().isEmpty()) {
                raised.add(seed);
            }
        }
        assertThat(raised).isNotEmpty();
    }

    /**
     * Prints how much was audited, and the faults that it went through: more than a million steps, all loads together. Operators
     * audit each once a minute until three minutes after its run has changed for the last time, and rounds go through all runs.
     *
     * @param steps of which those that come after the cancel of their run are refused
     */
    @ParameterizedTest
    @CsvSource({"failures, 300000", "poison, 250000", "steady, 200000", "redrive, 100000", "cancel, 200000"})
    @Tag("full")
    @Timeout(value = 20, unit = TimeUnit.MINUTES)
    void a_live_audit_of_a_million_steps_reports_nothing_while_they_run(String name, int steps) {
        Scenarios.Named named = Scenarios.named(name);
        SimulationConfig config = named.config(1).with(FaultProfile.parse("light"));
        Simulation simulation =
                named.sized().apply(steps).audited(Duration.ofMinutes(1)).staged(config);
        simulation.auditRounds(Duration.ofMinutes(5));
        pauses(simulation, Duration.ofMinutes(30));
        long began = System.nanoTime();
        Outcome outcome = simulation.run(AT_MOST);
        Duration took = Duration.ofNanos(System.nanoTime() - began);
        AUDITED.put(name, simulation.auditedSteps());
        System.out.printf(
                "%s: %d steps in %d s, all of them audited, %s, %d messages paused, faults %s%n",
                name,
                simulation.auditedSteps(),
                took.toSeconds(),
                simulation.audited(),
                outcome.counts().get(Metric.STEPS_PAUSED),
                outcome.faults().kinds());
        assertThat(outcome.violations()).isEmpty();
        assertThat(outcome.faults().kinds()).isNotEmpty();
        assertThat(outcome.counts().get(Metric.STEPS_PAUSED)).isPositive();
        assertThat(simulation.auditedSteps())
                .as("each step")
                .isEqualTo(outcome.progress().accepted());
        assertThat(simulation.audited().steps()).as("more than once").isGreaterThan(2L * steps);
    }

    /** Of the long form, if no load was left out. */
    @AfterAll
    static void a_million_steps_were_audited() {
        if (AUDITED.size() == 5) {
            long all = AUDITED.values().stream().mapToLong(Long::longValue).sum();
            System.out.printf("%d steps audited while they ran%n", all);
            assertThat(all).isGreaterThanOrEqualTo(1_000_000);
        }
    }

    /** Now and then something is paused for some seconds. */
    private static void pauses(Simulation simulation, Duration until) {
        RandomGenerator random = simulation.loadRandom();
        List<PauseScope> scopes = List.of(new PauseScope.OfHandler(SimulatedHandler.NAME), new PauseScope.Everything());
        for (Duration at = Duration.ofMinutes(1); at.compareTo(until) < 0; at = at.plusMinutes(3)) {
            PauseScope scope = scopes.get(random.nextInt(scopes.size()));
            simulation.pause(at, scope, Duration.ofSeconds(2 + random.nextInt(20)));
        }
    }
}
