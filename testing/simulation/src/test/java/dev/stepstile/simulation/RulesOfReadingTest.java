package dev.stepstile.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import dev.stepstile.port.LogPage;
import dev.stepstile.simulation.faults.Fault;
import dev.stepstile.simulation.faults.Faults;
import dev.stepstile.simulation.system.Cluster;
import dev.stepstile.step.PauseScope;
import dev.stepstile.step.Payload;
import dev.stepstile.step.Precondition;
import dev.stepstile.step.StepRecord;
import dev.stepstile.step.StepState;
import dev.stepstile.step.WorkerRecord;
import dev.stepstile.usecase.Dispatcher;
import dev.stepstile.usecase.Dispatcher.NewStep;
import dev.stepstile.usecase.Metric;
import java.time.Duration;
import java.util.List;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The protocol's rules about what a sweep, a reader of the feed and a page see: each holds, and is found when broken. */
class RulesOfReadingTest {
    @Nested
    class Rule_8_a_step_is_sent_again_when_its_message_is_lost_and_not_when_it_waits {
        /** A message is lost, and a dead worker's message stays in flight for half an hour. */
        private final Interceptor losesB = Mistakes.queue("dispatch", (queue, simulation) -> new PassingQueue(queue) {
            @Override
            public List<Outgoing> send(List<Outgoing> messages) {
                List<Outgoing> left = queue.send(messages);
                simulation.queue().lose(body -> body.contains("\"key\":\"b\""));
                return left;
            }
        });

        private final Scenario two = s -> s.dispatch(
                Duration.ZERO, Scenario.request("d", Scenario.step("a", 2, 100, 0), Scenario.step("b", 2, 100, 0)));

        private final SimulationConfig lostOne =
                SimulationConfig.of(1).with(Faults.NONE.at("store.write r/a RUNNING 1", new Fault.CrashAfter()));

        private static Interceptor sweeperSees(boolean always) {
            return Mistakes.queue("sweeper", (queue, simulation) -> new PassingQueue(queue) {
                @Override
                public boolean anyVisible() {
                    return always && !simulation.queue().empty();
                }
            });
        }

        @Test
        void else_a_lost_message_waits_for_an_empty_queue() {
            Duration done = Played.of(two, lostOne.with(losesB)).holds().ended("b");
            assertThat(done).isLessThan(Duration.ofMinutes(5));
            Played late = Played.of(two, lostOne.with(Mistakes.both(losesB, sweeperSees(true))));
            assertThat(late.ended("b")).isGreaterThan(Duration.ofMinutes(30));
        }

        @Test
        void else_a_backlog_breeds_duplicates() {
            Scenario backlog = s -> s.dispatch(Duration.ZERO, Scenario.many("d", 100, 60_000));
            SimulationConfig oneWorker = SimulationConfig.of(1).with(Cluster.CALM.withWorkers(1));
            Played patient = Played.of(backlog, oneWorker).holds();
            assertThat(patient.simulation().tally().of(Metric.STEPS_RESENT)).isZero();
            Played breeding = Played.of(backlog, oneWorker.with(sweeperSees(false)));
            assertThat(breeding.simulation().tally().of(Metric.STEPS_RESENT)).isPositive();
        }
    }

    @Nested
    class Rule_10_readers_of_the_feed_trust_nothing {
        private static final List<String> KEYS = List.of("a", "b", "c", "d", "e");

        private static Scenario readBy(FeedReader reader, int everySeconds) {
            return s -> {
                s.dispatch(Duration.ZERO, Scenario.request("a", Scenario.step("a", 2, 2_000, 0)));
                for (int i = 1; i < KEYS.size(); i++) {
                    s.dispatch(
                            Duration.ofSeconds((long) everySeconds * i),
                            Scenario.request(KEYS.get(i), Scenario.step(KEYS.get(i), 2, 2_000, 0)));
                }
                s.at(Duration.ofMillis(500), "reader", () -> reader.read(s, Duration.ofMinutes(4)));
            };
        }

        /** Neighbours would have noticed within half a minute that its worker stands still. */
        private static final Interceptor NOBODY_LOOKS = Mistakes.workers(workers -> new PassingWorkers(workers) {
            @Override
            public List<WorkerRecord> workers(int bucket, @Nullable String afterId, int limit) {
                return List.of();
            }
        });

        /** The first step's end is stamped, then its worker stands still before it is written. */
        private static List<String> missed(int secondsLate, boolean overlaps, boolean looksUp) {
            TreeSet<String> missed = new TreeSet<>();
            for (int seed = 1; seed <= 5; seed++) {
                SimulationConfig config = SimulationConfig.of(seed)
                        .with(NOBODY_LOOKS)
                        .with(Faults.NONE.at(
                                "store.write r/a SUCCEEDED", new Fault.Pause(Duration.ofSeconds(secondsLate))));
                FeedReader reader = new FeedReader(KEYS, overlaps, looksUp);
                Played.of(readBy(reader, secondsLate / 5), config).holds();
                missed.addAll(reader.missing());
            }
            return List.copyOf(missed);
        }

        @Test
        void else_one_that_trusts_its_cursor_misses_an_entry_that_came_late() {
            assertThat(missed(10, true, true)).isEmpty();
            assertThat(missed(10, false, false)).contains("a");
            assertThat(missed(10, true, false)).as("an overlap is enough").isEmpty();
        }

        @Test
        void else_one_that_does_not_look_up_misses_an_entry_that_came_later_than_the_overlap() {
            assertThat(missed(40, true, true)).isEmpty();
            assertThat(missed(40, true, false)).contains("a");
        }
    }

    @Nested
    class Rule_13_pages_carry_no_results {
        private final Interceptor talkative = Mistakes.store("step", store -> new PassingStore(store) {
            @Override
            public WriteResult write(StepRecord next, Precondition expect) {
                if (next.state() instanceof StepState.Succeeded(Payload.Inline(String json), var at)) {
                    store.putPage(new LogPage(next.id(), next.shard(), next.attempt(), 99, at, List.of(json)));
                }
                return store.write(next, expect);
            }
        });

        @Test
        void else_an_attempt_that_lost_has_spoken_a_result() {
            SimulationConfig config = SimulationConfig.of(1)
                    .with(Faults.NONE.at("store.putPage r/a#1#0", new Fault.Pause(Duration.ofSeconds(150))));
            assertThat(Played.of(Scenario.LONG_STEP, config).holds().step("a").attempt())
                    .isEqualTo(2);
            Played.of(Scenario.LONG_STEP, config.with(talkative)).isFound("contains a result before it is recorded");
        }
    }

    @Nested
    class A_page_is_written_once {
        /** A line at the beginning, and one at the end: the page of the first is not to get the second, its readers had it. */
        @Test
        void whose_answer_was_lost_is_written_again_as_it_is() {
            NewStep plain = Scenario.step("a", 2, 3_000, 0);
            NewStep talkative = new NewStep(
                    plain.key(),
                    plain.handler(),
                    plain.input().replace("\"lines\":1", "\"lines\":2"),
                    plain.retry(),
                    plain.timeout(),
                    plain.tags());
            Scenario threeSeconds = s -> s.dispatch(Duration.ZERO, Scenario.request("d", talkative));
            Faults lost = Faults.NONE.at("store.putPage r/a#1#0", new Fault.LoseResponse());
            Played.of(threeSeconds, SimulationConfig.of(1).with(lost)).holds();
        }
    }

    @Nested
    class What_was_sent_again_waits_its_turn {
        @Test
        void else_it_is_sent_with_each_sweep() {
            SeededBug forgets = SeededBug.ALL.stream()
                    .filter(bug -> bug.what().equals(SweeperBugs.FORGETS))
                    .findFirst()
                    .orElseThrow();
            assertThat(found(UnaryOperator.identity())).isEmpty();
            assertThat(found(forgets.changes().get()))
                    .anySatisfy(text ->
                            assertThat(text).contains("no worker had claimed it, and its message was sent again"));
        }

        /** Nobody polls, and whatever is sent is lost. */
        private static List<String> found(UnaryOperator<SimulationConfig> change) {
            SimulationConfig config = SimulationConfig.of(1).with(Cluster.CALM.withWorkers(0));
            Simulation simulation = new Simulation(change.apply(config));
            simulation.dispatch(Duration.ZERO, Scenario.request("d", Scenario.step("a", 2, 100, 0)));
            for (int second = 1; second < 600; second++) {
                simulation.strike(
                        Duration.ofSeconds(second), () -> simulation.queue().lose(body -> true));
            }
            return simulation.run(Duration.ofMinutes(10)).violations().stream()
                    .filter(text -> text.contains("sent again"))
                    .toList();
        }
    }

    /** Else a step whose end came late is counted only when all are read. */
    @Nested
    class A_sweep_goes_back_in_the_feed {
        @Test
        void else_a_dispatch_is_closed_late() {
            SeededBug never = SeededBug.ALL.stream()
                    .filter(bug -> bug.what().equals(SweeperBugs.NEVER_GOES_BACK))
                    .findFirst()
                    .orElseThrow();
            assertThat(found(UnaryOperator.identity())).isEmpty();
            assertThat(found(never.changes().get()))
                    .anySatisfy(text -> assertThat(text).contains("all of its steps had ended, and it was closed"));
        }

        /** The end is stamped, and its worker stands still before it is written, over a sweep. */
        private static List<String> found(UnaryOperator<SimulationConfig> change) {
            Faults late = Faults.NONE.at("store.write r/a SUCCEEDED", new Fault.Pause(Duration.ofSeconds(14)));
            Scenario longStep =
                    s -> s.dispatch(Duration.ZERO, Scenario.request("d", Scenario.step("a", 2, 290_000, 0)));
            return Played.found(longStep, change.apply(SimulationConfig.of(1).with(late)), 20);
        }
    }

    /** Messages of paused steps were deleted. */
    @Nested
    class After_a_resume_what_waits_is_sent_again {
        /** The queue shows messages throughout, and the step with a deadline is why all were read during the pause. */
        private final Scenario besideABacklog = s -> {
            s.pause(Duration.ZERO, new PauseScope.OfRun(Scenario.RUN), Duration.ofSeconds(80));
            s.dispatch(
                    Duration.ofSeconds(20),
                    Scenario.request(
                            "d",
                            Scenario.step("a", 2, 100, 0),
                            Scenario.timed(Scenario.step("b", 2, 100, 0), Duration.ofSeconds(35))));
            List<NewStep> backlog = IntStream.range(0, 300)
                    .mapToObj(i -> Scenario.step("q" + i, 2, 20_000, 0))
                    .toList();
            s.dispatch(Duration.ofSeconds(30), new Dispatcher.Request("other", "o", backlog, new TreeMap<>()));
        };

        private final SimulationConfig oneWorker = SimulationConfig.of(1).with(Cluster.CALM.withWorkers(1));

        @Test
        void within_two_sweeps_whatever_the_queue_shows() {
            Played.of(besideABacklog, oneWorker).holds();
        }

        @ParameterizedTest
        @ValueSource(strings = {PauseBugs.SENDS_NOTHING, PauseBugs.RESUMED_EARLIER, PauseBugs.STAMPED_EARLY})
        void or_it_is_found(String mistake) {
            SeededBug bug = SeededBug.named(mistake);
            Played.of(besideABacklog, bug.changes().get().apply(oneWorker)).isFound("it waits after the resume");
        }
    }
}
