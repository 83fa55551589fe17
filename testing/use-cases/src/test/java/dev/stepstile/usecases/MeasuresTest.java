package dev.stepstile.usecases;

import static org.assertj.core.api.Assertions.assertThat;

import dev.stepstile.api.RetryAfter;
import dev.stepstile.api.StepContext;
import dev.stepstile.api.StepHandler;
import dev.stepstile.api.StepInput;
import dev.stepstile.api.StepResult;
import dev.stepstile.api.TerminalFailure;
import dev.stepstile.port.FeedEntry;
import dev.stepstile.port.Ports;
import dev.stepstile.port.StepQueue.Delivery;
import dev.stepstile.port.StepStore;
import dev.stepstile.usecase.Gauge;
import dev.stepstile.usecase.Handlers;
import dev.stepstile.usecase.Histogram;
import dev.stepstile.usecase.Measure;
import dev.stepstile.usecase.Stepstile;
import dev.stepstile.usecase.Tasks;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is measured of waiting, running and recovering, for an operator's alarms. */
class MeasuresTest {
    private static final Duration MINUTE = Duration.ofMinutes(1);

    @TempDir
    Path folder;

    private Stack stack;

    @BeforeEach
    void open() {
        stack = new Stack(folder);
        stack.work.on("pausing", (input, context) -> {
            if (context.attempt() == 1) {
                throw new RetryAfter(Duration.ofHours(2), "not yet");
            }
            return StepResult.ofJson("{}");
        });
    }

    @AfterEach
    void close() {
        stack.close();
    }

    private Optional<Duration> newest(Measure measure) {
        return stack.tally.newest(measure);
    }

    private void sweep(Stepstile stepstile) throws InterruptedException {
        stepstile.sweep().sweepAndMeasure(stack.time.instant().plus(Duration.ofSeconds(50)));
    }

    @Nested
    class The_wait_of_a_claim {
        @Test
        void is_the_time_since_the_dispatch() throws InterruptedException {
            stack.handOver("a");
            stack.time.advance(MINUTE.multipliedBy(7));
            stack.deliver();
            assertThat(newest(Measure.STEP_WAIT)).contains(MINUTE.multipliedBy(7));
        }

        @Test
        void is_measured_once_for_a_step_and_not_of_its_retry() throws InterruptedException {
            stack.handOver("pausing");
            stack.time.advance(MINUTE);
            stack.deliver();
            stack.time.advance(Duration.ofHours(3));
            stack.sweep();
            stack.deliverAll();
            assertThat(stack.record("pausing").attempt()).isEqualTo(2);
            assertThat(newest(Measure.STEP_WAIT)).contains(MINUTE);
        }
    }

    @Nested
    class The_duration_of_a_handler {
        private Histogram.Snapshot of(String handler) {
            return Objects.requireNonNull(
                    stack.tally.histograms(Measure.HANDLER_DURATION).get(handler));
        }

        private void runFor(Duration duration, String key, boolean fails) throws InterruptedException {
            Work.Gate gate = new Work.Gate();
            stack.work.on(key, (input, context) -> {
                StepResult result = gate.run(input, context);
                if (fails) {
                    throw new TerminalFailure("pointless");
                }
                return result;
            });
            stack.dispatch("d-" + key, Stack.step(key));
            Tasks.Task<List<String>> worker = stack.start();
            gate.awaitEntered();
            stack.time.advance(duration);
            gate.open();
            worker.join();
        }

        @Test
        void is_measured_of_each_attempt_whatever_becomes_of_it() throws InterruptedException {
            runFor(Duration.ofSeconds(7), "succeeds", false);
            runFor(Duration.ofSeconds(3), "fails", true);
            assertThat(of("work").count()).isEqualTo(2);
            assertThat(of("work").sum()).isEqualTo(Duration.ofSeconds(10));
        }

        @Test
        void is_kept_by_handler_for_as_many_handlers_as_there_are_labels() {
            List<StepHandler> many = IntStream.range(0, Handlers.LABELS + 2)
                    .mapToObj(i -> named(String.format(Locale.ROOT, "h%02d", i)))
                    .toList();
            Handlers fixed = new Handlers(many);
            assertThat(many.stream().map(fixed::label).distinct().toList())
                    .hasSize(Handlers.LABELS + 1)
                    .contains("h00", "h49", Handlers.OTHER)
                    .doesNotContain("h50");
            Handlers changing = new Handlers(many.subList(0, Handlers.LABELS - 1), () -> many);
            assertThat(changing.label(many.get(50))).as("room for one").isEqualTo("h50");
            assertThat(changing.label(many.get(51))).isEqualTo(Handlers.OTHER);
            assertThat(changing.label(many.get(3))).isEqualTo("h03");
        }

        private static StepHandler named(String name) {
            return new StepHandler() {
                @Override
                public String name() {
                    return name;
                }

                @Override
                public StepResult run(StepInput input, StepContext context) {
                    return StepResult.none();
                }
            };
        }
    }

    @Nested
    class The_time_of_a_recovery {
        @Test
        void is_the_time_since_the_worker_was_last_heard_once_for_each_worker() throws InterruptedException {
            stack.handOver("a", "b");
            stack.faults.crashAfter("store.write", 0);
            stack.crash(stack.receive(10));
            stack.time.advance(Duration.ofSeconds(90));
            sweep(stack.stepstile);
            assertThat(newest(Measure.RECOVERY_TIME)).contains(Duration.ofSeconds(90));
            stack.time.advance(MINUTE);
            sweep(stack.stepstile);
            assertThat(recoveries()).as("it is recovered").isEqualTo(1);
        }

        @Test
        void is_not_measured_of_a_worker_that_left_nothing() throws InterruptedException {
            stack.handOver("a");
            stack.faults.fail("workers.end");
            stack.deliver();
            stack.time.advance(Duration.ofMinutes(10));
            sweep(stack.stepstile);
            assertThat(recoveries()).isZero();
        }

        @Test
        void lasts_until_the_messages_could_be_sent() throws InterruptedException {
            stack.handOver("a");
            stack.faults.crashAfter("store.write", 0);
            stack.crash(stack.receive(10));
            stack.time.advance(Duration.ofSeconds(90));
            for (int tries = 0; tries < 3; tries++) {
                stack.faults.fail("queue.send");
            }
            sweep(stack.stepstile);
            assertThat(recoveries()).isZero();
            stack.time.advance(MINUTE.multipliedBy(2));
            sweep(stack.stepstile);
            assertThat(newest(Measure.RECOVERY_TIME)).contains(Duration.ofSeconds(210));
        }

        private long recoveries() {
            return stack.tally.histograms(Measure.RECOVERY_TIME).values().stream()
                    .mapToLong(Histogram.Snapshot::count)
                    .sum();
        }
    }

    @Nested
    class What_waits_and_runs {
        private void assertGauges(long queued, long running, long workers) throws InterruptedException {
            sweep(stack.stepstile);
            assertThat(Stream.of(Gauge.STEPS_QUEUED, Gauge.STEPS_RUNNING, Gauge.WORKERS)
                            .map(gauge -> stack.tally.of(gauge).orElseThrow())
                            .toList())
                    .containsExactly(queued, running, workers);
        }

        @Test
        void is_counted_by_each_sweep() throws InterruptedException {
            assertGauges(0, 0, 0);
            Work.Gate gate = stack.work.gate("runs");
            stack.handOver("runs", "waits", "waits too");
            Tasks.Task<List<String>> worker = stack.start(stack.receive(1));
            gate.awaitEntered();
            stack.time.advance(MINUTE);
            assertGauges(2, 1, 1);
            gate.open();
            worker.join();
            stack.time.advance(MINUTE);
            assertGauges(2, 0, 0);
            stack.deliverAll();
            stack.time.advance(MINUTE);
            assertGauges(0, 0, 0);
        }

        @Test
        void counts_a_step_that_pauses_before_its_retry_as_one_that_waits() throws InterruptedException {
            stack.handOver("pausing");
            stack.deliver();
            stack.time.advance(MINUTE);
            assertGauges(1, 0, 0);
        }

        @Test
        void has_the_number_of_dead_letters_beside_it() throws InterruptedException {
            stack.ports.deadLetters().moveToDeadLetters("g", "a letter");
            stack.faults.fail("deadLetters.approximateCount");
            sweep(stack.stepstile);
            assertThat(stack.tally.of(Gauge.DEAD_LETTERS)).as("not known").isEmpty();
            assertThat(newest(Measure.OLDEST_WAIT))
                    .as("is measured all the same")
                    .isPresent();
            sweep(stack.stepstile);
            assertThat(stack.tally.of(Gauge.DEAD_LETTERS)).hasValue(1);
        }

        @Test
        void is_not_told_of_workers_that_cannot_be_read() throws InterruptedException {
            stack.faults.fail("workers.workers");
            sweep(stack.stepstile);
            assertThat(stack.tally.of(Gauge.WORKERS)).isEmpty();
            assertThat(stack.tally.of(Gauge.STEPS_RUNNING)).isEmpty();
            assertThat(stack.tally.of(Gauge.STEPS_QUEUED)).isPresent();
        }

        @Test
        void is_not_told_by_a_sweep_that_had_no_time_for_all() throws InterruptedException {
            stack.handOver("a");
            stack.time.advance(MINUTE);
            stack.stepstile.sweep().sweepAndMeasure(stack.time.instant());
            assertThat(stack.tally.of(Gauge.STEPS_QUEUED)).isEmpty();
            assertGauges(1, 0, 0);
        }

        @Test
        void costs_no_read_of_a_step() throws InterruptedException {
            stack.handOver(IntStream.range(0, 3_000).mapToObj(i -> "s" + i).toArray(String[]::new));
            stack.time.advance(Duration.ofSeconds(59)); // later the longest wait reads a few
            assertGauges(3_000, 0, 0);
            assertThat(stack.faults.calls("store.records")).isZero();
        }
    }

    @Test
    void the_duration_of_each_sweep_is_measured() throws InterruptedException {
        sweep(stack.stepstile);
        sweep(stack.stepstile);
        assertThat(stack.tally.histograms(Measure.SWEEP_DURATION).values())
                .extracting(Histogram.Snapshot::count)
                .containsExactly(2L);
    }

    @Nested
    class The_longest_wait {
        private Optional<Duration> after(Duration wait) throws InterruptedException {
            stack.time.advance(wait);
            sweep(stack.stepstile);
            return newest(Measure.OLDEST_WAIT);
        }

        @Test
        void is_zero_while_no_step_waits() throws InterruptedException {
            assertThat(after(MINUTE)).contains(Duration.ZERO);
            stack.handOver("a");
            stack.deliver();
            assertThat(after(MINUTE)).contains(Duration.ZERO);
        }

        @Test
        void is_the_time_since_the_oldest_dispatch_with_a_step_that_waits() throws InterruptedException {
            stack.handOver("a", "b");
            assertThat(after(Duration.ofSeconds(40))).as("not looked into yet").contains(Duration.ofSeconds(40));
            stack.time.advance(MINUTE.multipliedBy(29));
            stack.dispatch("d2", Stack.step("c"));
            assertThat(after(Duration.ofSeconds(20))).contains(MINUTE.multipliedBy(30));
            stack.deliver(stack.receive(2));
            assertThat(after(MINUTE)).as("of the second dispatch").contains(Duration.ofSeconds(80));
            stack.deliverAll();
            assertThat(after(MINUTE)).contains(Duration.ZERO);
        }

        @Test
        void does_not_count_a_step_that_pauses_before_its_retry() throws InterruptedException {
            stack.handOver("pausing");
            stack.deliver();
            stack.time.advance(Duration.ofHours(1));
            stack.dispatch("d2", Stack.step("c"));
            assertThat(after(MINUTE.multipliedBy(10))).contains(MINUTE.multipliedBy(10));
            stack.deliverAll();
            assertThat(after(MINUTE.multipliedBy(20))).contains(Duration.ZERO);
        }

        @Test
        void counts_a_retry_from_when_it_was_due() throws InterruptedException {
            stack.handOver("pausing");
            stack.deliver();
            assertThat(after(Duration.ofHours(2).plus(MINUTE.multipliedBy(5)))).contains(MINUTE.multipliedBy(5));
        }

        @Test
        void is_found_among_many_by_a_few_reads() throws InterruptedException {
            stack.handOver(IntStream.range(0, 3_000).mapToObj(i -> "s" + i).toArray(String[]::new));
            stack.time.advance(Duration.ofMinutes(30));
            stack.sweep();
            long before = stack.faults.calls("store.records");
            assertThat(after(MINUTE)).contains(MINUTE.multipliedBy(31));
            assertThat(stack.faults.calls("store.records") - before).isEqualTo(1);
        }

        @Test
        void is_not_guessed_if_those_that_were_looked_into_do_not_wait_and_there_are_more()
                throws InterruptedException {
            for (int i = 0; i < 11; i++) {
                stack.work.on("pausing" + i, (input, context) -> {
                    throw new RetryAfter(Duration.ofHours(2), "not yet");
                });
                stack.dispatch("d" + i, Stack.step("pausing" + i));
            }
            stack.deliverAll();
            assertThat(after(MINUTE.multipliedBy(30))).isEmpty();
        }

        @Test
        void is_left_to_the_next_sweep_if_the_table_does_not_answer() throws InterruptedException {
            stack.handOver("a");
            stack.time.advance(MINUTE.multipliedBy(10));
            stack.sweep();
            stack.faults.fail("store.records");
            assertThat(after(MINUTE)).isEmpty();
            assertThat(after(MINUTE)).contains(MINUTE.multipliedBy(12));
        }
    }

    @Nested
    class The_lag_of_the_feed {
        private Duration lag = Duration.ZERO;

        private Optional<Duration> after(Duration wait) throws InterruptedException {
            stack.time.advance(wait);
            sweep(new Stepstile(lagging(), stack.timing, stack.stepstile.runtime(), stack.tally));
            return newest(Measure.FEED_LAG);
        }

        /** The ports with a feed that does not show what is younger than the lag. */
        private Ports lagging() {
            StepStore store = (StepStore) Proxy.newProxyInstance(
                    StepStore.class.getClassLoader(), new Class<?>[] {StepStore.class}, (proxy, method, arguments) -> {
                        try {
                            Object answer = method.invoke(stack.ports.store(), arguments);
                            Instant shown = stack.time.instant().minus(lag);
                            return method.getName().equals("feed")
                                    ? ((List<?>) answer)
                                            .stream()
                                                    .filter(entry -> !((FeedEntry) entry)
                                                            .at()
                                                            .isAfter(shown))
                                                    .toList()
                                    : answer;
                        } catch (InvocationTargetException e) {
                            throw e.getCause();
                        }
                    });
            return stack.ports.withStore(store);
        }

        private void endsAfter(Duration wait, String key) throws InterruptedException {
            stack.time.advance(wait);
            stack.deliver(stack.receive(1));
            assertThat(stack.hasRecord(key)).isTrue();
        }

        @Test
        void is_zero_if_it_shows_each_end_at_once() throws InterruptedException {
            stack.handOver("a");
            endsAfter(MINUTE, "a");
            assertThat(after(Duration.ofSeconds(5))).contains(Duration.ZERO);
            assertThat(after(MINUTE)).contains(Duration.ZERO);
        }

        @Test
        void is_at_least_the_time_from_an_end_to_a_sweep_that_did_not_see_it() throws InterruptedException {
            lag = Duration.ofSeconds(8);
            stack.handOver("a", "b");
            endsAfter(MINUTE, "a");
            assertThat(after(Duration.ofSeconds(5))).as("not known yet").contains(Duration.ZERO);
            assertThat(after(MINUTE)).contains(Duration.ofSeconds(5));
            assertThat(after(MINUTE)).as("nothing new was late").contains(Duration.ZERO);
        }

        @Test
        void is_seen_by_the_record_if_the_feed_shows_nothing() throws InterruptedException {
            lag = Duration.ofHours(1);
            stack.handOver("a");
            List<Delivery> held = stack.receive(1);
            after(MINUTE);
            after(MINUTE);
            stack.time.advance(Duration.ofSeconds(50));
            stack.deliver(held);
            assertThat(after(Duration.ofSeconds(12)))
                    .as("the queue is empty, so the sweep reads the records")
                    .contains(Duration.ofSeconds(12));
        }

        @Test
        void does_not_come_from_what_ended_before_its_dispatch() throws InterruptedException {
            stack.handOver("a");
            endsAfter(MINUTE, "a");
            stack.time.advance(Duration.ofSeconds(10));
            stack.dispatch("d2", Stack.step("a"), Stack.step("b"));
            assertThat(after(MINUTE)).contains(Duration.ZERO);
        }
    }
}
