package dev.stepstile.usecases;

import static org.assertj.core.api.Assertions.assertThat;

import dev.stepstile.api.RetryAfter;
import dev.stepstile.api.StepResult;
import dev.stepstile.port.FeedEntry;
import dev.stepstile.port.Ports;
import dev.stepstile.port.StepQueue.Delivery;
import dev.stepstile.port.StepStore;
import dev.stepstile.usecase.Measure;
import dev.stepstile.usecase.Stepstile;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is measured of waiting, for an operator's alarms. */
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
            Ports real = stack.ports;
            return new Ports(
                    store,
                    real.workers(),
                    real.queue(),
                    real.deadLetters(),
                    real.items(),
                    real.objects(),
                    real.notifier());
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
