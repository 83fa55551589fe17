package dev.stepstile.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.stepstile.codec.DeadLetterCodec;
import dev.stepstile.codec.Json;
import dev.stepstile.codec.MessageCodec;
import dev.stepstile.codec.MessageCodec.Decoded;
import dev.stepstile.port.DeadLetterQueue;
import dev.stepstile.port.PayloadStore;
import dev.stepstile.port.PortException;
import dev.stepstile.port.StepQueue;
import dev.stepstile.simulation.exploration.Replay;
import dev.stepstile.simulation.faults.Fault;
import dev.stepstile.simulation.faults.Faults;
import dev.stepstile.simulation.scheduler.Scheduler;
import dev.stepstile.simulation.system.Cluster;
import dev.stepstile.step.Dispatch;
import dev.stepstile.step.Precondition;
import dev.stepstile.step.Run;
import dev.stepstile.step.StepError;
import dev.stepstile.step.StepRecord;
import dev.stepstile.step.StepState;
import dev.stepstile.usecase.Dispatcher;
import dev.stepstile.usecase.Timing;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.BiFunction;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

/** The protocol's rules about cancel, redrive, closing, burial and age: each holds, and is found when it is broken. */
class RulesOfEndingTest {
    private static Fault pause(int seconds) {
        return new Fault.Pause(Duration.ofSeconds(seconds));
    }

    /** A step that always fails, at once, and has one attempt. */
    private static final Scenario DOOMED =
            s -> s.dispatch(Duration.ZERO, Scenario.request("d", Scenario.step("a", 1, 100, 99)));

    @Nested
    class Rule_3_a_cancel_is_a_number {
        private final Scenario cancelledAndRedriven = s -> {
            Scenario.CANCEL.on(s);
            s.redrive(Duration.ofSeconds(200), Scenario.RUN, StepState.REDRIVABLE, Set.of("b"));
        };

        @Test
        void else_a_cancel_whose_call_crashed_stays_undone() {
            SimulationConfig config =
                    SimulationConfig.of(1).with(Faults.NONE.at("store.raiseCancelSeq", new Fault.CrashAfter()));
            Interceptor careless = Mistakes.store("sweeper", store -> new PassingStore(store) {
                @Override
                public Optional<Run> keepRun(String runId) {
                    return store.keepRun(runId).map(run -> new Run(run.runId(), run.createdAt(), run.shards(), 0));
                }
            });
            Scenario slow = s -> {
                s.dispatch(Duration.ZERO, Scenario.request("d", Scenario.step("a", 2, 200_000, 0)));
                s.cancel(Duration.ofSeconds(10), Scenario.RUN);
            };
            assertThat(Played.of(slow, config).holds().step("a").state()).isInstanceOf(StepState.Cancelled.class);
            assertThat(Played.of(slow, config.with(careless)).step("a").state())
                    .isInstanceOf(StepState.Succeeded.class);
        }

        @Test
        void else_what_is_redriven_is_cancelled_again() {
            Interceptor unanswered = Mistakes.store("runs", store -> new PassingStore(store) {
                @Override
                public WriteResult write(StepRecord next, Precondition expect) {
                    boolean redrive = next.state() instanceof StepState.Retrying;
                    return store.write(redrive ? Mistakes.answering(next, 0) : next, expect);
                }
            });
            SimulationConfig config =
                    SimulationConfig.of(1).with(Faults.NONE.at("queue.send", 2, new Fault.CrashBefore()));
            assertThat(Played.of(cancelledAndRedriven, config).holds().step("b").state())
                    .isNotInstanceOf(StepState.Cancelled.class);
            assertThat(Played.of(cancelledAndRedriven, config.with(unanswered))
                            .isFound("its cancelSeq went back")
                            .step("b")
                            .state())
                    .isInstanceOf(StepState.Cancelled.class);
        }
    }

    @Nested
    class Rule_4_a_redrive_reopens_before_it_touches_a_record {
        @Test
        void else_a_crash_leaves_a_step_that_no_sweep_sees() {
            Interceptor unopened = Mistakes.store("runs", store -> new PassingStore(store) {
                @Override
                public boolean replace(Dispatch next) {
                    return true;
                }
            });
            SimulationConfig config =
                    SimulationConfig.of(4).with(Faults.NONE.at("queue.send", 2, new Fault.CrashBefore()));
            Played.of(Scenario.REDRIVE, config).holds();
            Played.of(Scenario.REDRIVE, config.with(unopened))
                    .isFound("it was redriven while its dispatch was closed")
                    .isFound("in the end it is RETRYING");
        }
    }

    @Nested
    class A_redrive_that_fails_half_way {
        private final Scenario calledAgainLater = s -> {
            s.dispatch(Duration.ZERO, Scenario.many("d", "x", 8, 1, 100, 1));
            s.redrive(Duration.ofSeconds(90), Scenario.RUN, StepState.REDRIVABLE, Set.of());
            s.redrive(Duration.ofMinutes(20), Scenario.RUN, StepState.REDRIVABLE, Set.of("none"));
        };

        /** Found as {@code busy seed=13 faults=rough}: its other writes came with the next call, and nobody swept any more. */
        @Test
        void leaves_no_write_behind_for_a_later_invocation_of_its_environment() {
            SimulationConfig config = SimulationConfig.of(1).with(Faults.NONE.at(" RETRYING 1", new Fault.Fail()));
            assertThat(Played.found(calledAgainLater, config, 20)).isEmpty();
        }
    }

    /** Found by playing all pairs. */
    @Nested
    class A_worker_that_redrives_by_a_letter_and_stands_still {
        /** A sweep took the step for finished meanwhile: the dispatch closed over it, and it ran for ever. */
        @Test
        void finds_its_step_still_looked_after() {
            holds("moved-back seed=1 at=pause:200000ms@48,crash-after@128");
            holds("moved-back seed=1 at=pause:200000ms@48,fail@126");
        }
    }

    /** Found by playing all pairs: a worker that was lost was noticed a minute late, and with each redrive later. */
    @Test
    void a_redrive_does_not_put_off_the_sweep_that_other_steps_wait_for() {
        holds("redriven seed=1 at=lose-response@8,fail@91");
    }

    /** A false alarm of the auditor, found by playing all pairs: its lease was over when it reached the table. */
    @Test
    void a_claim_that_stood_still_counts_as_lost_from_when_it_is_there() {
        holds("long-step seed=1 at=pause:200000ms@7,pause:200000ms@8");
    }

    /** Another one. */
    @Test
    void a_dead_letter_may_be_moved_back_before_its_step_is_marked_as_dead_lettered() {
        holds("moved-back seed=1 at=pause:200000ms@11,pause:200000ms@12");
    }

    private static void holds(String replay) {
        Replay found = Replay.parse(replay);
        assertThat(found.play(found.config()).violations()).isEmpty();
    }

    @Nested
    class A_worker_that_ends_while_it_looks_for_silent_ones {
        /** Else its look, frozen with its environment, sends in a later invocation what was cancelled meanwhile. */
        @Test
        void leaves_no_look_behind_for_a_later_invocation_of_its_environment() {
            holds("busy seed=112 faults=rough");
        }
    }

    @Nested
    class A_step_of_two_dispatches {
        /** Else the other one's sweep dead-letters it, and its dead letter, moved back, reopens the other one. */
        @Test
        void is_dead_lettered_by_the_one_that_drives_it() {
            holds("attached-moved-back seed=1 at=pause:200000ms@10");
        }

        /** The other one had seen it cancelled, and may close while it runs again. */
        @Test
        void that_is_redriven_is_held_to_its_end_by_the_one_that_drives_it() {
            holds("busy seed=112 faults=rough");
        }
    }

    @Nested
    class Rule_5_closing_is_conditional {
        @Test
        void else_a_slow_sweep_closes_what_was_reopened_meanwhile() {
            Scenario slowRedrive = s -> {
                s.dispatch(Duration.ZERO, Scenario.request("d", Scenario.step("a", 1, 70_000, 1)));
                s.redrive(Duration.ofSeconds(150), Scenario.RUN, StepState.REDRIVABLE, Set.of());
            };
            Interceptor stubborn = Mistakes.store("sweeper", store -> new PassingStore(store) {
                @Override
                public boolean replace(Dispatch next) {
                    boolean replaced = store.replace(next);
                    while (!replaced && next.closed()) {
                        long version = store.dispatch(next.runId(), next.dispatchId())
                                .orElseThrow()
                                .version();
                        replaced = store.replace(Mistakes.versioned(next, version + 1));
                    }
                    return replaced;
                }
            });
            SimulationConfig config = SimulationConfig.of(1).with(Faults.NONE.at(" closed", pause(60)));
            Played.of(slowRedrive, config).holds();
            Played.of(slowRedrive, config.with(stubborn)).isFound("its dispatch was closed while it was RUNNING");
        }

        @Test
        void else_a_sweep_closes_before_the_redriver_comes_to_the_record() {
            Timing quick = Timing.of(
                    Duration.ofSeconds(30), Duration.ofSeconds(5), Duration.ofSeconds(15), Duration.ofSeconds(30));
            Scenario redriven = s -> {
                DOOMED.on(s);
                s.redrive(Duration.ofSeconds(60), Scenario.RUN, StepState.REDRIVABLE, Set.of());
            };
            Interceptor hasty = Mistakes.store("runs", store -> new PassingStore(store) {
                @Override
                public boolean replace(Dispatch next) {
                    return store.replace(Mistakes.keptOpenUntil(next, Instant.EPOCH));
                }
            });
            SimulationConfig config = SimulationConfig.of(1)
                    .with(Cluster.CALM.with(quick))
                    .with(Faults.NONE.at("store.write r/a RETRYING 1", pause(27)));
            Played.of(redriven, config).holds();
            Played.of(redriven, config.with(hasty)).isFound("it was redriven while its dispatch was closed");
        }

        @Test
        void else_a_dead_step_is_never_dead_lettered() {
            Interceptor trusting = Mistakes.store("sweeper", store -> new PassingStore(store) {
                @Override
                public List<StepRecord> records(List<StepRef> steps) {
                    return store.records(steps).stream()
                            .map(record -> record.state() instanceof StepState.Dead dead
                                    ? Mistakes.in(
                                            record,
                                            new StepState.Dead(dead.error(), dead.finishedAt(), dead.finishedAt()))
                                    : record)
                            .toList();
                }
            });
            SimulationConfig config =
                    SimulationConfig.of(1).with(Faults.NONE.at("deadLetters.move", new Fault.CrashBefore()));
            Played.of(DOOMED, config).holds();
            Played.of(DOOMED, config.with(trusting))
                    .isFound("its dispatch was closed while it was DEAD at attempt 1: DEAD_LETTER_UNMARKED")
                    .isFound("it is dead and has no dead letter");
        }
    }

    @Nested
    class Rule_6_the_letter_is_sent_before_the_record_is_marked {
        private final Interceptor markedFirst = (function, ports, simulation) -> {
            Deque<Runnable> unsent = new ArrayDeque<>();
            DeadLetterQueue later = new PassingDeadLetters(ports.deadLetters()) {
                @Override
                public void moveToDeadLetters(String group, String body) {
                    unsent.add(() -> ports.deadLetters().moveToDeadLetters(group, body));
                }
            };
            return Mistakes.with(
                    ports,
                    new PassingStore(ports.store()) {
                        @Override
                        public WriteResult write(StepRecord next, Precondition expect) {
                            WriteResult result = store.write(next, expect);
                            if (next.state() instanceof StepState.Dead dead && dead.deadLetteredAt() != null) {
                                while (!unsent.isEmpty()) {
                                    unsent.remove().run();
                                }
                            }
                            return result;
                        }
                    },
                    later);
        };

        @Test
        void else_a_crash_in_between_loses_the_dead_letter() {
            SimulationConfig config = SimulationConfig.of(1)
                    .with(Faults.NONE.at("store.write r/a DEAD 1 dead-lettered", new Fault.CrashAfter()));
            Played.of(DOOMED, config).holds();
            Played.of(DOOMED, config.with(markedFirst))
                    .isFound("it is marked as dead-lettered, and no dead letter names attempt 1")
                    .isFound("it is dead and has no dead letter");
        }
    }

    @Nested
    class Rule_7_a_letter_that_is_moved_back_redrives_the_attempt_that_it_names {
        private final Scenario diesTwice = s -> {
            DOOMED.on(s);
            s.redrive(Duration.ofSeconds(90), Scenario.RUN, StepState.REDRIVABLE, Set.of());
            s.at(Duration.ofMinutes(5), "operator", () -> s.deadLetters().moveBack(body -> attempt(body) == 1));
        };
        private final Scenario diesOnce = s -> {
            DOOMED.on(s);
            s.at(Duration.ofMinutes(5), "operator", () -> s.deadLetters().moveBack(body -> true));
        };

        private static int attempt(String body) {
            return DeadLetterCodec.read(body).attempt();
        }

        /** What the workers read in a dead letter is changed. */
        private static Interceptor misread(BiFunction<Decoded.MovedBack, Simulation, String> wrong) {
            return Mistakes.queue("poller", (queue, simulation) -> new PassingQueue(queue) {
                @Override
                public List<Delivery> receive(int max, Duration wait) {
                    return queue.receive(max, wait).stream()
                            .map(delivery ->
                                    MessageCodec.decode(delivery.body()) instanceof Decoded.MovedBack deadLetter
                                            ? Mistakes.saying(delivery, wrong.apply(deadLetter, simulation))
                                            : delivery)
                            .toList();
                }
            });
        }

        @Test
        void else_an_old_letter_redrives_a_newer_death() {
            Interceptor anyAttempt = misread((deadLetter, simulation) -> {
                StepRecord record =
                        Played.step(simulation, deadLetter.spec().id().stepKey());
                StepState.Dead dead = (StepState.Dead) record.state();
                return DeadLetterCodec.dead(deadLetter.spec(), record, dead);
            });
            assertThat(Played.of(diesTwice, SimulationConfig.of(1))
                            .holds()
                            .step("a")
                            .attempt())
                    .isEqualTo(2);
            assertThat(Played.of(diesTwice, SimulationConfig.of(1).with(anyAttempt))
                            .step("a")
                            .attempt())
                    .isEqualTo(3);
        }

        @Test
        void else_a_letter_taken_for_a_message_is_lost() {
            Interceptor formless = misread((deadLetter, simulation) -> MessageCodec.step(deadLetter.spec()));
            assertThat(Played.of(diesOnce, SimulationConfig.of(1))
                            .holds()
                            .step("a")
                            .attempt())
                    .isEqualTo(2);
            Played.of(diesOnce, SimulationConfig.of(1).with(formless)).isFound("it is dead and has no dead letter");
        }
    }

    @Nested
    class Rule_12_what_may_have_been_deleted_by_age_is_not_started {
        private final Timing shortLived = Timing.DEFAULT.withValidity(Duration.ofHours(1));
        private final SimulationConfig config = SimulationConfig.of(1).with(Cluster.CALM.with(shortLived));

        /** The record is deleted by its age, and a copy of the message turns up. */
        private static Scenario lateCopy(Deque<String> copies) {
            return s -> {
                Scenario.ONE_STEP.on(s);
                s.at(Duration.ofHours(2), "age", () -> {
                    StepRecord record = Played.step(s, "a");
                    s.store().expire(record.id(), record.shard());
                    s.queue().put(Scenario.RUN, copies.getFirst(), Duration.ZERO);
                });
            };
        }

        private static Interceptor copying(Deque<String> copies) {
            return Mistakes.queue("dispatch", (queue, simulation) -> new PassingQueue(queue) {
                @Override
                public List<Outgoing> send(List<Outgoing> messages) {
                    messages.forEach(message -> copies.add(message.body()));
                    return queue.send(messages);
                }
            });
        }

        @Test
        void else_a_late_message_runs_a_step_again_that_had_ended() {
            Deque<String> copies = new ArrayDeque<>();
            Interceptor ageless = Mistakes.queue("poller", (queue, simulation) -> new PassingQueue(queue) {
                @Override
                public List<Delivery> receive(int max, Duration wait) {
                    return queue.receive(max, wait).stream()
                            .map(delivery -> Mistakes.saying(delivery, withoutEnd(delivery)))
                            .toList();
                }
            });
            Played.of(lateCopy(copies), config.with(copying(copies))).holds();
            Played.of(lateCopy(copies), config.with(Mistakes.both(copying(copies), ageless)))
                    .isFound("result number 2 was recorded");
        }

        private static String withoutEnd(StepQueue.Delivery delivery) {
            ObjectNode node = (ObjectNode) Json.parse(delivery.body());
            node.put("validUntil", Scheduler.START.plus(Duration.ofDays(3650)).toEpochMilli());
            return Json.print(node);
        }

        @Test
        void and_a_payload_that_is_gone_ends_the_step_and_says_so() {
            Scenario gone = s -> {
                s.dispatch(
                        Duration.ZERO,
                        new Dispatcher.Request(
                                Scenario.RUN,
                                "d",
                                List.of(Scenario.step("a", 2, 100, 0)),
                                new TreeMap<>(Map.of("x", "\"" + noise() + "\""))));
                s.at(Duration.ofMillis(818), "age", () -> s.items().loseAll());
            };
            Interceptor hopeful = Mistakes.items("step", items -> new PayloadStore() {
                @Override
                public void put(String key, byte[] content) {
                    items.put(key, content);
                }

                @Override
                public Optional<byte[]> get(String key) {
                    Optional<byte[]> found = items.get(key);
                    if (found.isEmpty()) {
                        throw new PortException("perhaps it comes back");
                    }
                    return found;
                }

                @Override
                public boolean exists(String key) {
                    return items.exists(key);
                }
            });
            assertThat(cause(Played.of(gone, SimulationConfig.of(1)).holds().step("a")))
                    .isEqualTo(StepError.Kind.PAYLOAD_MISSING);
            assertThat(cause(Played.of(gone, SimulationConfig.of(1).with(hopeful))
                            .step("a")))
                    .isNotEqualTo(StepError.Kind.PAYLOAD_MISSING);
        }

        private static StepError.@Nullable Kind cause(StepRecord record) {
            return record.state() instanceof StepState.Dead dead ? dead.error().kind() : null;
        }

        /** More than fits into a message. */
        private static String noise() {
            StringBuilder text = new StringBuilder();
            Random random = new Random(1);
            while (text.length() < 6_000) {
                text.append(Integer.toHexString(random.nextInt()));
            }
            return text.toString();
        }
    }
}
