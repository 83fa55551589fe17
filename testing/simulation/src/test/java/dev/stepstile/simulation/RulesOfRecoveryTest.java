package dev.stepstile.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import dev.stepstile.port.Ports;
import dev.stepstile.port.WorkerStore;
import dev.stepstile.simulation.faults.Fault;
import dev.stepstile.simulation.faults.Faults;
import dev.stepstile.simulation.scheduler.Scheduler;
import dev.stepstile.simulation.system.Cluster;
import dev.stepstile.step.Precondition;
import dev.stepstile.step.StepId;
import dev.stepstile.step.StepRecord;
import dev.stepstile.step.StepState;
import dev.stepstile.step.WorkerRecord;
import dev.stepstile.usecase.Timing;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** The protocol's rules about workers that are lost: how soon their steps run again, and at what cost. */
class RulesOfRecoveryTest {
    private static final Timing TIMES = Timing.DEFAULT;
    private static final Duration SILENT = TIMES.lease().plus(TIMES.margin());

    /** From the look or sweep that is due to the claim: a tick of the heartbeat, calls, a message's way, a cold start. */
    private static final Duration TOLERANCE = Duration.ofSeconds(4);

    private static final Duration BESIDE_OTHERS = SILENT.plus(TIMES.lookEvery()).plus(TOLERANCE);
    private static final Duration ALONE =
            SILENT.plus(TIMES.sweepEvery().multipliedBy(2)).plus(TOLERANCE);

    private static final Faults DIES = Faults.NONE.at("store.write r/a RUNNING 1", new Fault.CrashAfter());

    private static Duration between(StepRecord record) {
        Instant again = record.attempts().newest().startedAt();
        return Duration.between(record.createdAt(), again == null ? Instant.MAX : again);
    }

    private static final Interceptor NEIGHBOURS_ARE_BLIND = (function, ports, simulation) -> function.equals("step")
            ? ports.withWorkers(new PassingWorkers(ports.workers()) {
                @Override
                public List<WorkerRecord> workers(int bucket, @Nullable String afterId, int limit) {
                    return List.of();
                }
            })
            : ports;

    @Nested
    class A_step_whose_worker_died {
        private final Scenario besideOthers = s -> {
            s.dispatch(Duration.ZERO, Scenario.many("busy", 1, 250_000));
            s.dispatch(Duration.ofSeconds(20), Scenario.request("d", Scenario.step("a", 2, 1_000, 0)));
        };
        private final Scenario alone =
                s -> s.dispatch(Duration.ofSeconds(1), Scenario.request("d", Scenario.step("a", 2, 1_000, 0)));

        @Test
        void runs_again_within_30_seconds_while_another_worker_works_and_else_with_a_sweep() {
            SimulationConfig config =
                    SimulationConfig.of(1).with(Cluster.CALM.withWorkers(8)).with(DIES);
            Duration slowest = Duration.ZERO;
            for (long seed = 1; seed <= 30; seed++) {
                Duration again = between(
                        Played.of(besideOthers, config.withSeed(seed)).holds().step("a"));
                assertThat(again).as("seed %s", seed).isLessThanOrEqualTo(BESIDE_OTHERS);
                slowest = again.compareTo(slowest) > 0 ? again : slowest;
            }
            assertThat(slowest).as("it is a bound, not a guess").isGreaterThan(SILENT);
            assertThat(between(Played.of(besideOthers, config.with(NEIGHBOURS_ARE_BLIND))
                            .step("a")))
                    .isGreaterThan(BESIDE_OTHERS);
        }

        @Test
        void runs_again_within_140_seconds_if_no_other_works() {
            SimulationConfig config = SimulationConfig.of(1).with(DIES);
            Interceptor blind = Mistakes.workers(workers -> new PassingWorkers(workers) {
                @Override
                public List<WorkerRecord> workers(int bucket, @Nullable String afterId, int limit) {
                    return List.of();
                }
            });
            for (long seed = 1; seed <= 30; seed++) {
                assertThat(between(
                                Played.of(alone, config.withSeed(seed)).holds().step("a")))
                        .as("seed %s", seed)
                        .isLessThanOrEqualTo(ALONE);
            }
            assertThat(between(Played.of(alone, config.with(blind)).step("a"))).isGreaterThan(ALONE);
        }

        @Test
        void of_which_nobody_had_claimed_it_runs_as_soon() {
            SimulationConfig config = SimulationConfig.of(1)
                    .with(Cluster.CALM.withWorkers(8))
                    .with(Faults.NONE.at("workers.start", 2, new Fault.CrashAfter()));
            assertThat(begun(Played.of(besideOthers, config).holds())).isLessThanOrEqualTo(BESIDE_OTHERS);
            SeededBug unsent = SeededBug.named(SeededBug.UNCLAIMED_NOT_SENT);
            assertThat(begun(Played.of(besideOthers, unsent.changes().get().apply(config))))
                    .isGreaterThan(BESIDE_OTHERS);
        }

        /** The item is deleted last; so who dies before that has left it to the next one, and who dies after it, nothing. */
        @Test
        void whose_recoverer_died_as_it_deleted_the_item_runs_as_soon() {
            SimulationConfig config = SimulationConfig.of(1).with(DIES.at("workers.forget", 1, new Fault.CrashAfter()));
            assertThat(between(Played.of(alone, config).holds().step("a"))).isLessThanOrEqualTo(ALONE);
            SeededBug first = SeededBug.named(SeededBug.DELETES_FIRST);
            assertThat(between(Played.of(alone, first.changes().get().apply(config))
                            .step("a")))
                    .isGreaterThan(ALONE);
        }

        private static Duration begun(Played played) {
            Instant first = played.step("a").attempts().newest().startedAt();
            return Duration.between(Scheduler.START.plusSeconds(20), first == null ? Instant.MAX : first);
        }

        /** The claim is written, its answer is lost, and from then on the worker reaches nothing. */
        @Test
        void of_which_its_worker_does_not_know_whether_it_claimed_it_runs_as_soon() {
            Scenario cutOff = s -> {
                s.dispatch(Duration.ZERO, Scenario.request("d", Scenario.step("a", 2, 1_000, 0)));
                s.strike(Duration.ofMillis(1_639), () -> s.cut("step", "", 1, 1, Duration.ofSeconds(20)));
                s.dispatch(Duration.ofSeconds(30), Scenario.request("e", Scenario.step("b", 2, 100, 0)));
            };
            SimulationConfig config =
                    SimulationConfig.of(1).with(Faults.NONE.at("store.write r/a RUNNING 1", new Fault.LoseResponse()));
            assertThat(between(Played.of(cutOff, config).holds().step("a"))).isLessThanOrEqualTo(ALONE);
            SeededBug forgetful = SeededBug.named(SeededBug.DELETES_UNKNOWN);
            assertThat(between(Played.of(cutOff, forgetful.changes().get().apply(config))
                            .step("a")))
                    .isGreaterThan(ALONE);
        }
    }

    @Nested
    class A_cancel_is_asked_of_the_worker_before_it_is_written {
        private final Scenario slow = s -> {
            s.dispatch(Duration.ZERO, Scenario.request("d", Scenario.step("a", 2, 200_000, 0)));
            s.cancel(Duration.ofSeconds(10), Scenario.RUN);
        };

        /** Writes first, and asks then. */
        private final Interceptor writtenFirst = (function, ports, simulation) -> {
            Deque<Runnable> unasked = new ArrayDeque<>();
            WorkerStore later = new PassingWorkers(ports.workers()) {
                @Override
                public boolean askToCancel(String worker, StepId step) {
                    unasked.add(() -> super.askToCancel(worker, step));
                    return true;
                }
            };
            return ports.withWorkers(later).withStore(new PassingStore(ports.store()) {
                @Override
                public WriteResult write(StepRecord next, Precondition expect) {
                    WriteResult result = store.write(next, expect);
                    while (!unasked.isEmpty()) {
                        unasked.remove().run();
                    }
                    return result;
                }
            });
        };

        @Test
        void else_a_crash_in_between_leaves_it_running_until_a_sweep() {
            SimulationConfig config = SimulationConfig.of(1)
                    .with(Faults.NONE.at("store.write r/a RUNNING 1 cancelSeq 1", new Fault.CrashAfter()));
            assertThat(Played.of(slow, config).holds().step("a").state()).isInstanceOf(StepState.Cancelled.class);
            Played.of(slow, config.with(writtenFirst))
                    .isFound("it runs without a fault, was cancelled, and ended only");
        }
    }

    @Nested
    class Two_hundred_workers extends ManyWorkers {
        Two_hundred_workers() {
            super(200, 1);
        }
    }

    @Nested
    @Tag("full")
    class A_thousand_workers extends ManyWorkers {
        A_thousand_workers() {
            super(1_000, 3);
        }
    }

    /** Of ten steps each; a tenth of them survives. */
    abstract static class ManyWorkers {
        private final int workers;
        private final int pages;
        private final Calls calls = new Calls();

        /** @param pages that a look reads: a quarter of the workers, by the hundred */
        ManyWorkers(int workers, int pages) {
            this.workers = workers;
            this.pages = pages;
        }

        /** Calls in each second of virtual time. */
        private static final class Calls {
            final SortedMap<Long, Integer> looks = new TreeMap<>();
            final SortedMap<Long, Integer> revokes = new TreeMap<>();

            Ports counted(String function, Ports ports, Simulation simulation) {
                return ports.withWorkers(new PassingWorkers(ports.workers()) {
                    @Override
                    public List<WorkerRecord> workers(int bucket, @Nullable String afterId, int limit) {
                        count(looks, simulation);
                        return super.workers(bucket, afterId, limit);
                    }

                    @Override
                    public boolean revoke(WorkerRecord read, Instant at) {
                        count(revokes, simulation);
                        return super.revoke(read, at);
                    }
                });
            }

            private static void count(SortedMap<Long, Integer> each, Simulation simulation) {
                each.merge(Duration.between(Scheduler.START, simulation.now()).toSeconds(), 1, Integer::sum);
            }

            static int most(SortedMap<Long, Integer> each, long from, long to) {
                return each.subMap(from, to).values().stream()
                        .mapToInt(Integer::intValue)
                        .max()
                        .orElse(0);
            }
        }

        private Simulation staged(Interceptor interceptor) {
            Simulation simulation = new Simulation(SimulationConfig.of(1)
                    .with(Cluster.LARGE.withWorkers(workers))
                    .with(interceptor));
            simulation.dispatch(Duration.ZERO, Scenario.many("d", workers * 10, 100_000));
            return simulation;
        }

        @Test
        void that_work_look_at_most_40_times_a_second_once_each_has_looked_for_the_others() {
            Simulation simulation = staged(calls::counted);
            assertThat(simulation.run(Duration.ofDays(1)).violations()).isEmpty();
            assertThat(Calls.most(calls.looks, 25, 95)).isPositive().isLessThanOrEqualTo(40 * pages);
            assertThat(Calls.most(calls.looks, 0, 25)).as("each looks once").isLessThanOrEqualTo(workers * pages);
        }

        /** Found with a thousand: each new environment tried to revoke each of them, in the same order. */
        @Test
        void that_die_at_once_are_recovered_within_40_seconds_by_at_most_two_calls_a_second_for_each() {
            Simulation simulation = staged(calls::counted);
            simulation.strike(Duration.ofSeconds(40), () -> simulation.killWorkers(0.9));
            Outcome outcome = simulation.run(Duration.ofDays(1));
            assertThat(outcome.violations()).isEmpty();
            assertThat(outcome.recoveries())
                    .hasSizeGreaterThan(15 * workers / 2)
                    .allSatisfy(took -> assertThat(took).isLessThanOrEqualTo(Duration.ofSeconds(40)));
            assertThat(Calls.most(calls.revokes, 0, 1_000)).isPositive().isLessThanOrEqualTo(2 * workers);
        }
    }
}
