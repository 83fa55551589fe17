package dev.stepstile.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import dev.stepstile.simulation.scheduler.Scheduler;
import dev.stepstile.simulation.system.Cluster;
import dev.stepstile.simulation.system.SimulatedHandler;
import dev.stepstile.step.RetryPolicy;
import dev.stepstile.step.Run;
import dev.stepstile.step.StepState;
import dev.stepstile.usecase.Dispatcher;
import dev.stepstile.usecase.RunQueries;
import dev.stepstile.usecase.StepFilter;
import dev.stepstile.usecase.Timing;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeMap;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Months in which everything is deleted by its age, at once when that is reached or two days late: what is there, and can
 * be redriven, for the retention after the last thing that happened to a dispatch.
 */
class RetentionTest {
    private static final Duration RETENTION = Duration.ofDays(30);
    private static final int NIGHTS = 90;

    /** Rare sweeps and no skew, so that months pass quickly. */
    private static final Cluster STAGE = Cluster.CALM.with(
            Timing.of(Duration.ofMinutes(1), Duration.ofSeconds(5), Duration.ofMinutes(30), Duration.ofSeconds(30)));

    private final List<String> problems = new ArrayList<>();

    /** @param input of how many bytes: from 512 on they are kept apart, from 16 KB on in the payload store */
    private static Dispatcher.NewStep step(String key, int attempts, int failures, Duration retryAfter, int input) {
        StringBuilder pad = new StringBuilder();
        SplittableRandom random = new SplittableRandom(key.hashCode());
        while (pad.length() < input) {
            pad.append(Long.toString(random.nextLong(Long.MAX_VALUE), 36));
        }
        String json = "{\"millis\":100,\"failures\":" + failures + ",\"result\":" + input + ",\"retryAfterMillis\":"
                + retryAfter.toMillis() + ",\"pad\":\"" + pad + "\"}";
        return new Dispatcher.NewStep(
                key,
                SimulatedHandler.NAME,
                json,
                new RetryPolicy(attempts, Duration.ZERO, Duration.ZERO),
                Duration.ofMinutes(5),
                new TreeMap<>());
    }

    private static Dispatcher.Request request(String run, String dispatchId, Dispatcher.NewStep... steps) {
        return new Dispatcher.Request(run, dispatchId, List.of(steps), new TreeMap<>());
    }

    private static Duration days(int n) {
        return Duration.ofDays(n);
    }

    private Outcome play(Duration late, Scenario scenario) {
        Simulation simulation = new Simulation(SimulationConfig.of(1).with(STAGE));
        simulation.deleteByAge(RETENTION, late);
        scenario.on(simulation);
        return simulation.run(Duration.ofDays(200));
    }

    /** What a caller sees of a run, once a day. */
    private void watch(Simulation simulation, String run, int days, StepStates wanted) {
        for (int day = 0; day < days; day++) {
            int today = day;
            simulation.at(days(day).plusHours(12), "watcher", () -> {
                Optional<RunQueries.Status> status =
                        simulation.ask(s -> s.queries().status(run)).orElseThrow();
                if (status.isEmpty()) {
                    problems.add("day " + today + ": no run " + run);
                    return;
                }
                List<RunQueries.Step> steps = simulation
                        .ask(s -> {
                            try {
                                return s.queries()
                                        .steps(run, StepFilter.ALL, null, 1_000)
                                        .steps();
                            } catch (InterruptedException e) {
                                throw new AssertionError(e);
                            }
                        })
                        .orElseThrow();
                for (RunQueries.Step step : steps) {
                    String wrong = wanted.wrong(step, today);
                    if (!wrong.isEmpty()) {
                        problems.add("day " + today + ": " + step.spec().id() + " " + wrong);
                    }
                }
            });
        }
    }

    private interface StepStates {
        /** What is wrong with a step on a day; empty if nothing is. */
        String wrong(RunQueries.Step step, int day);
    }

    private void redrive(Simulation simulation, Duration at, String key, int expected) {
        simulation.at(at, "redriver", () -> {
            int redriven = simulation
                    .ask(s -> {
                        Run run = s.queries().run(Scenario.RUN).orElseThrow();
                        try {
                            return s.redriver()
                                    .redrive(
                                            run,
                                            StepState.REDRIVABLE,
                                            Set.of(key),
                                            s.runtime().now().plusSeconds(30));
                        } catch (InterruptedException e) {
                            throw new AssertionError(e);
                        }
                    })
                    .orElseThrow();
            if (redriven != expected) {
                problems.add("at " + at + ": " + redriven + " redriven of " + key);
            }
        });
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 48})
    void a_run_of_every_night_is_there_and_each_night_can_be_redriven_for_the_retention(int lateHours) {
        List<Integer> listed = new ArrayList<>();
        Outcome outcome = play(Duration.ofHours(lateHours), simulation -> {
            for (int night = 0; night < NIGHTS; night++) {
                String name = "night" + night;
                simulation.dispatch(
                        days(night),
                        request(
                                Scenario.RUN,
                                name,
                                step(name + "-good", 2, 0, Duration.ZERO, 1_000),
                                step(name + "-large", 2, 0, Duration.ZERO, 20_000),
                                step(name + "-dies", 1, night == 0 ? 3 : 1, Duration.ZERO, 1_000)));
            }
            watch(simulation, Scenario.RUN, NIGHTS, (step, day) -> {
                listed.add(day);
                StepState.Name state = step.state();
                boolean dies = step.spec().id().stepKey().endsWith("-dies");
                return state == StepState.Name.SUCCEEDED || (dies && state == StepState.Name.DEAD) ? "" : "is " + state;
            });
            redrive(simulation, days(29), "night0-dies", 1);
            redrive(simulation, days(57), "night0-dies", 1);
            redrive(simulation, days(85), "night0-dies", 1);
            redrive(simulation, days(40), "night11-dies", 1);
            simulation.at(
                    days(23),
                    "operator",
                    () -> simulation.deadLetters().moveBack(body -> body.contains("night10-dies")));
        });
        assertThat(problems).isEmpty();
        assertThat(outcome.violations()).isEmpty();
        assertThat(listed.stream().filter(day -> day == NIGHTS - 1).count())
                .as("what is older than the retention goes: steps of 30 nights, and of the first, which was redriven")
                .isBetween(30L * 3, 34L * 3);
    }

    /** 99 failures, each to be tried again after half a day: longer than inputs and results are kept by themselves. */
    @ParameterizedTest
    @ValueSource(ints = {0, 48})
    void a_step_that_is_tried_for_longer_than_its_input_is_kept_still_has_it(int lateHours) {
        Outcome outcome = play(Duration.ofHours(lateHours), simulation -> {
            simulation.dispatch(
                    Duration.ZERO,
                    request(
                            Scenario.RUN,
                            "slow",
                            step("slow", 100, 99, Duration.ofHours(12), 20_000),
                            step("quick", 1, 0, Duration.ZERO, 20_000)));
            watch(simulation, Scenario.RUN, 75, (step, day) -> {
                String key = step.spec().id().stepKey();
                return (key.equals("quick") && day > 0) || (key.equals("slow") && day > 51)
                        ? step.state() == StepState.Name.SUCCEEDED ? "" : "is " + step.state()
                        : "";
            });
        });
        assertThat(problems).isEmpty();
        assertThat(outcome.violations()).isEmpty();
    }

    /**
     * To write all of it anew takes several sweeps, and some of the writes fail. The auditor holds that the step that loses its
     * worker meanwhile is taken over in time.
     */
    @ParameterizedTest
    @ValueSource(ints = {0, 48})
    void a_dispatch_that_takes_longer_to_write_anew_than_a_sweep_recovers_meanwhile_and_is_whole_in_the_end(
            int lateHours) {
        List<Duration> ended = new ArrayList<>();
        Outcome outcome = play(Duration.ofHours(lateHours), simulation -> {
            List<Dispatcher.NewStep> steps = new ArrayList<>();
            for (int i = 0; i < 1_000; i++) {
                steps.add(step("quick" + i, 1, 0, Duration.ZERO, 1_000));
            }
            steps.add(step("open", 100, 39, Duration.ofHours(12), 1_000));
            steps.add(new Dispatcher.NewStep(
                    "late",
                    SimulatedHandler.NAME,
                    "{\"millis\":240000,\"failures\":2}",
                    new RetryPolicy(2, Duration.ZERO, Duration.ZERO),
                    Duration.ofMinutes(5),
                    new TreeMap<>()));
            simulation.dispatch(Duration.ZERO, request(Scenario.RUN, "old", steps.toArray(Dispatcher.NewStep[]::new)));
            simulation.strike(days(12), () -> simulation.slow("items", Duration.ofSeconds(1)));
            simulation.strike(days(13), () -> simulation.cut("sweeper", "items", 1, 0.02, Duration.ofHours(1)));
            redrive(simulation, days(13).plusMinutes(40), "late", 1);
            simulation.strike(days(13).plusMinutes(42), () -> simulation.killWorkers(1));
            for (int minute = 0; minute < 600; minute += 10) {
                Duration at = days(13).plusMinutes(minute);
                simulation.at(at, "watcher", () -> {
                    Instant refreshed = simulation
                            .store()
                            .dispatches(Scenario.RUN)
                            .getFirst()
                            .refresh()
                            .since();
                    if (refreshed.isAfter(Scheduler.START.plus(days(13)))) {
                        ended.add(at);
                    }
                });
            }
            watch(simulation, Scenario.RUN, 48, (step, day) -> {
                boolean open = step.spec().id().stepKey().equals("open") && day <= 21;
                boolean late = step.spec().id().stepKey().equals("late") && day <= 13;
                return day == 0 || open || late || step.state() == StepState.Name.SUCCEEDED ? "" : "is " + step.state();
            });
        });
        assertThat(problems).isEmpty();
        assertThat(outcome.violations()).isEmpty();
        assertThat(ended.getFirst())
                .as("when all had been written anew: after some sweeps, and soon")
                .isBetween(days(13).plusMinutes(60), days(13).plusHours(4));
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 48})
    void a_run_that_was_cancelled_stays_cancelled_for_as_long_as_anyone_dispatches_to_it(int lateHours) {
        List<Dispatcher.Answer> answers = new ArrayList<>();
        Outcome outcome = play(Duration.ofHours(lateHours), simulation -> {
            simulation.dispatch(Duration.ZERO, request(Scenario.RUN, "first", step("a", 2, 0, Duration.ZERO, 1_000)));
            simulation.cancel(Duration.ofMinutes(30), Scenario.RUN);
            for (int night = 1; night < NIGHTS; night++) {
                Dispatcher.Request again =
                        request(Scenario.RUN, "night" + night, step("b" + night, 2, 0, Duration.ZERO, 1_000));
                simulation.at(
                        days(night),
                        "client",
                        () -> answers.add(simulation
                                .ask(s -> {
                                    try {
                                        return s.dispatcher(2).dispatch(again);
                                    } catch (InterruptedException e) {
                                        throw new AssertionError(e);
                                    }
                                })
                                .orElseThrow()));
            }
        });
        assertThat(outcome.violations()).isEmpty();
        assertThat(answers).hasSize(NIGHTS - 1).containsOnly(new Dispatcher.Answer.RunCancelled(Scenario.RUN));
    }
}
