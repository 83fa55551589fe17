package dev.stepstile.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import dev.stepstile.port.StepStore.WriteResult;
import dev.stepstile.simulation.faults.Fault;
import dev.stepstile.simulation.faults.Faults;
import dev.stepstile.simulation.ports.Conditions;
import dev.stepstile.simulation.system.Cluster;
import dev.stepstile.step.Precondition;
import dev.stepstile.step.StepId;
import dev.stepstile.step.StepRecord;
import dev.stepstile.step.StepState;
import dev.stepstile.step.WorkerRecord;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

/** The protocol's rules about writes: each holds as it is, and is found when it is broken. */
class RulesOfWritingTest {
    private static final Fault TWICE = new Fault.Duplicate();

    /** A worker that stands still beyond its lease, and then goes on. */
    private static Fault zombie(int seconds) {
        return new Fault.Pause(Duration.ofSeconds(seconds));
    }

    @Nested
    class Rule_1_a_refused_write_that_shows_what_its_owner_meant_counts_as_done {
        /** Takes its own write for somebody else's. */
        private final Interceptor forgetful = Mistakes.store("step", store -> new PassingStore(store) {
            @Override
            public WriteResult write(StepRecord next, Precondition expect) {
                WriteResult result = store.write(next, expect);
                return result instanceof WriteResult.Refused(StepRecord found)
                                && found != null
                                && found.owner().equals(next.owner())
                        ? new WriteResult.Refused(Mistakes.owned(found, "somebody else"))
                        : result;
            }
        });

        @Test
        void else_a_failure_written_twice_loses_the_message() {
            SimulationConfig config = SimulationConfig.of(1).with(Faults.NONE.at("store.write r/a RETRYING 1", TWICE));
            Played.of(Scenario.RETRY, config).holds();
            Played.of(Scenario.RETRY, config.with(forgetful)).isFound("its last message was acknowledged");
        }

        @Test
        void else_a_claim_written_twice_costs_an_attempt() {
            Scenario once = s -> s.dispatch(Duration.ZERO, Scenario.request("d", Scenario.step("a", 1, 100, 0)));
            SimulationConfig config = SimulationConfig.of(1).with(Faults.NONE.at("store.write r/a RUNNING 1", TWICE));
            assertThat(Played.of(once, config).holds().step("a").state()).isInstanceOf(StepState.Succeeded.class);
            assertThat(Played.of(once, config.with(forgetful)).step("a").state())
                    .isInstanceOf(StepState.Dead.class);
        }
    }

    @Nested
    class Rule_2_conditions_name_all_that_the_decision_was_made_on {
        @Test
        void else_a_zombie_completes_over_a_newer_attempt() {
            SimulationConfig config =
                    SimulationConfig.of(1).with(Faults.NONE.at("store.write r/a SUCCEEDED 1", zombie(100)));
            Conditions unfenced = Mistakes.without((stored, expect) -> expect instanceof Precondition.Fence fence
                    ? new Precondition.Fence(
                            stored.attempt(), stored.owner(), fence.state(), fence.cancelSeq(), fence.asked())
                    : expect);
            Scenario twoLong = s -> s.dispatch(Duration.ZERO, Scenario.request("d", Scenario.step("a", 2, 100_000, 0)));
            Played.of(twoLong, config).holds();
            Played.of(twoLong, config.with(unfenced)).isFound("wrote after attempt 2 had claimed");
        }

        @Test
        void else_a_zombie_completes_a_step_that_waits_to_be_tried_again() {
            Scenario shortStep = s -> s.dispatch(Duration.ZERO, Scenario.request("d", Scenario.step("a", 2, 1_000, 0)));
            SimulationConfig config = SimulationConfig.of(1)
                    .with(Faults.NONE
                            .at("store.write r/a SUCCEEDED 1", zombie(75))
                            .at("store.write r/a RUNNING 2", zombie(30)));
            Conditions stateless = Mistakes.without((stored, expect) -> expect instanceof Precondition.Fence fence
                    ? new Precondition.Fence(
                            fence.attempt(), fence.owner(), stored.state().name(), fence.cancelSeq(), fence.asked())
                    : expect);
            Played.of(shortStep, config).holds();
            Played.of(shortStep, config.with(stateless)).isFound("RETRYING at attempt 1 was followed by SUCCEEDED");
        }

        @Test
        void else_a_sweep_overlooks_a_heartbeat() {
            SimulationConfig config = SimulationConfig.of(1)
                    .with(Faults.NONE.at("workers.renew", 2, zombie(70)).at("workers.revoke", zombie(30)));
            Interceptor unconditional = (function, ports, simulation) -> function.equals("sweeper")
                    ? ports.withWorkers(new PassingWorkers(ports.workers()) {
                        @Override
                        public boolean revoke(WorkerRecord read, Instant at) {
                            return super.revoke(read, at)
                                    || worker(read.id())
                                            .filter(now -> super.revoke(now, at))
                                            .isPresent();
                        }
                    })
                    : ports;
            Played.of(Scenario.LONG_STEP, config).holds();
            Played.of(Scenario.LONG_STEP, config.with(unconditional))
                    .isFound("it was revoked, and its lease ran until");
        }

        @Test
        void else_a_failure_wipes_out_a_cancel() {
            Scenario cancelled = s -> {
                s.dispatch(Duration.ZERO, Scenario.request("d", Scenario.step("a", 2, 5_000, 9)));
                s.cancel(Duration.ofSeconds(10), Scenario.RUN);
            };
            SimulationConfig config =
                    SimulationConfig.of(1).with(Faults.NONE.at("store.write r/a RETRYING 1", zombie(20)));
            Conditions blind = Mistakes.without((stored, expect) -> expect instanceof Precondition.Fence fence
                    ? new Precondition.Fence(
                            fence.attempt(),
                            fence.owner(),
                            fence.state(),
                            stored.cancelSeq(),
                            Precondition.isAskedToStop(stored))
                    : expect);
            assertThat(Played.of(cancelled, config).holds().step("a").state()).isInstanceOf(StepState.Cancelled.class);
            Played.of(cancelled, config.with(blind)).isFound("its cancelSeq went back from 1 to 0");
        }

        @Test
        void else_a_failure_wipes_out_a_cancel_of_the_step_alone() {
            Scenario cancelled = s -> {
                s.dispatch(Duration.ZERO, Scenario.request("d", Scenario.step("a", 2, 5_000, 9)));
                s.cancelSteps(Duration.ofSeconds(10), Scenario.RUN, Set.of("a"));
            };
            SimulationConfig config =
                    SimulationConfig.of(1).with(Faults.NONE.at("store.write r/a RETRYING 1", zombie(20)));
            Conditions blind = Mistakes.without((stored, expect) -> expect instanceof Precondition.Fence fence
                    ? new Precondition.Fence(
                            fence.attempt(),
                            fence.owner(),
                            fence.state(),
                            fence.cancelSeq(),
                            Precondition.isAskedToStop(stored))
                    : expect);
            assertThat(Played.of(cancelled, config).holds().step("a").state()).isInstanceOf(StepState.Cancelled.class);
            Played.of(cancelled, config.with(blind)).isFound("it was asked to stop while it ran");
        }

        @Test
        void else_two_workers_claim_the_same_step() {
            SimulationConfig config = SimulationConfig.of(1).with(Faults.NONE.at("queue.receive", TWICE));
            Conditions overwriting =
                    (stored, expect) -> expect instanceof Precondition.Absent || Conditions.ALL.met(stored, expect);
            assertThat(Played.found(Scenario.ONE_STEP, config, 5)).isEmpty();
            assertThat(Played.found(Scenario.ONE_STEP, config.with(overwriting), 5))
                    .anySatisfy(text -> assertThat(text).contains("attempt 1 was claimed after attempt 1"));
        }
    }

    @Nested
    class Rule_9_the_first_claim_wins {
        private final Scenario twoThatNameIt = s -> {
            s.dispatch(Duration.ZERO, Scenario.request("d", Scenario.step("a", 5, 100, 3)));
            s.dispatch(Duration.ofSeconds(3), Scenario.request("e", Scenario.step("a", 9, 200, 4)));
        };

        /** Takes what its own message says for what was pinned. */
        private final Interceptor selfish = Mistakes.store("step", store -> new PassingStore(store) {
            @Override
            public WriteResult write(StepRecord next, Precondition expect) {
                WriteResult result = store.write(next, expect);
                return result instanceof WriteResult.Refused(StepRecord found) && found != null
                        ? new WriteResult.Refused(Mistakes.settings(found, next.settings()))
                        : result;
            }
        });

        @Test
        void else_the_retries_of_a_step_run_another_input() {
            assertThat(Played.found(twoThatNameIt, SimulationConfig.of(1), 20)).isEmpty();
            assertThat(Played.found(twoThatNameIt, SimulationConfig.of(1).with(selfish), 20))
                    .anySatisfy(text -> assertThat(text).contains("what its first claim pinned was changed"));
        }
    }

    @Nested
    class Rule_11_clocks_cost_at_most_a_repeated_attempt {
        private final SimulationConfig skewed =
                SimulationConfig.of(1).with(Cluster.CALM.withMaxSkew(Duration.ofMinutes(2)));

        @Test
        void else_a_worker_that_trusts_its_clock_records_a_second_result() {
            Conditions trusting = Mistakes.without((stored, expect) -> expect instanceof Precondition.Fence fence
                    ? new Precondition.Fence(
                            stored.attempt(), stored.owner(), fence.state(), fence.cancelSeq(), fence.asked())
                    : expect);
            assertThat(Played.found(Scenario.LONG_STEP, skewed, 100)).isEmpty();
            assertThat(Played.found(Scenario.LONG_STEP, skewed.with(trusting), 100))
                    .anySatisfy(text -> assertThat(text).contains("had claimed"));
        }

        @Test
        void and_they_do_cost_attempts() {
            int attempts = 0;
            for (int seed = 1; seed <= 20; seed++) {
                attempts += Played.of(Scenario.LONG_STEP, skewed.withSeed(seed))
                        .step("a")
                        .attempt();
            }
            assertThat(attempts).isGreaterThan(20);
        }
    }

    @Nested
    class A_message_that_was_delivered_twice {
        /** The worker takes every delivery for the first. */
        private final Interceptor forgetful = Mistakes.queue("poller", (queue, simulation) -> new PassingQueue(queue) {
            @Override
            public List<Delivery> receive(int max, Duration wait) {
                return queue.receive(max, wait).stream()
                        .map(delivery -> new Delivery(
                                delivery.messageId(), delivery.receipt(), delivery.body(), 1, delivery.sentAt()))
                        .toList();
            }
        });

        private final SimulationConfig twice = SimulationConfig.of(1).with(Faults.NONE.duplicate(6));

        @Test
        void stays_while_its_step_is_held_and_else_a_failed_step_is_left_without_one() {
            assertThat(Played.found(Scenario.RETRY, twice, 40)).isEmpty();
            assertThat(Played.found(Scenario.RETRY, twice.with(forgetful), 40))
                    .anySatisfy(text -> assertThat(text).contains("its last message was acknowledged"));
        }
    }

    @Nested
    class A_step_that_outlives_its_workers_lease {
        /** The worker believes that its heartbeats arrive. */
        private final Interceptor silent = Mistakes.workers(workers -> new PassingWorkers(workers) {
            @Override
            public Optional<Set<StepId>> renew(WorkerRecord next) {
                return Optional.of(Set.of());
            }
        });

        @Test
        void keeps_it_by_heartbeats_and_without_them_never_gets_done() {
            assertThat(Played.of(Scenario.LONG_STEP, SimulationConfig.of(1))
                            .holds()
                            .step("a")
                            .state())
                    .isInstanceOf(StepState.Succeeded.class);
            assertThat(Played.of(Scenario.LONG_STEP, SimulationConfig.of(1).with(silent))
                            .step("a")
                            .state())
                    .isInstanceOf(StepState.Dead.class);
        }
    }
}
