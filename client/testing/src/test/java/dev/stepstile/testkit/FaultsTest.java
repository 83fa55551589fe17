package dev.stepstile.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.stepstile.api.StepContext;
import dev.stepstile.api.StepHandler;
import dev.stepstile.api.StepInput;
import dev.stepstile.api.StepResult;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;

/** What each fault does to a handler that repeats badly, and to one that does not. */
class FaultsTest {
    private final List<String> charges = new ArrayList<>();
    private final Map<String, Integer> newest = new HashMap<>();
    private String stored = "";

    private StepTest of(Given.Work work) {
        return StepTest.of(new Given(work));
    }

    /** A bank without idempotency keys. */
    private synchronized StepResult charge(String card) {
        charges.add(card);
        return StepResult.of("receipt " + charges.size());
    }

    /** A bank that knows its caller's key. */
    private synchronized StepResult chargeOnce(String key, String card) {
        if (newest.putIfAbsent(key, 1) == null) {
            charges.add(card);
        }
        return StepResult.of("receipt " + key);
    }

    /** A file server without a fence. */
    private synchronized void store(String content) {
        stored = content;
    }

    /** A file server that refuses an older writer. */
    private synchronized void store(String key, int fence, String content) {
        if (newest.merge(key, fence, Math::max) == fence) {
            stored = content;
        }
    }

    @Test
    void a_worker_that_is_lost_after_the_handler_makes_one_without_a_key_charge_twice() throws Exception {
        StepOutcome outcome = of((input, context) -> charge("card 1"))
                .loseWorker(Moment.end())
                .run();
        assertThat(outcome.assertSucceeded().result(String.class)).isEqualTo("receipt 2");
        assertThat(charges).containsExactly("card 1", "card 1");
        assertThat(outcome.attempts().getFirst().failure()).isEqualTo("WORKER_LOST");
        assertThat(outcome.took()).isGreaterThan(Duration.ofSeconds(15)); // its lease had to end
    }

    @Test
    void without_a_fault_a_handler_without_a_key_charges_once() throws Exception {
        StepOutcome outcome = of((input, context) -> charge("card 1")).run();
        assertThat(outcome.assertSucceeded().deliveries()).isEqualTo(1);
        assertThat(charges).containsExactly("card 1");
    }

    @Test
    void a_worker_that_is_lost_after_the_handler_lets_one_with_a_key_charge_once() throws Exception {
        StepOutcome outcome = of((input, context) -> chargeOnce(context.runId() + "/" + context.stepKey(), "card 1"))
                .loseWorker(Moment.end())
                .loseWorker(Moment.end().ofAttempt(2))
                .maxAttempts(5)
                .run();
        assertThat(outcome.assertSucceeded().handlerStarts()).isEqualTo(3);
        assertThat(charges).containsExactly("card 1");
    }

    @Test
    void a_worker_that_is_lost_in_the_middle_runs_nothing_more_of_its_handler() throws Exception {
        List<String> done = new ArrayList<>();
        StepOutcome outcome = of((input, context) -> {
                    try {
                        done.add("begun " + context.attempt());
                        context.progress(0.5, "half");
                        done.add("finished " + context.attempt());
                        return StepResult.none();
                    } finally {
                        done.add("cleaned up " + context.attempt());
                    }
                })
                .loseWorker(Moment.progress(0.5))
                .run();
        outcome.assertSucceeded();
        assertThat(done).containsExactly("begun 1", "begun 2", "finished 2", "cleaned up 2");
    }

    @Test
    void a_step_whose_only_attempt_loses_its_worker_is_dead() throws Exception {
        StepOutcome outcome = of((input, context) -> charge("card 1"))
                .maxAttempts(1)
                .loseWorker(Moment.start())
                .run();
        assertThat(outcome.assertDead().error()).startsWith("WORKER_LOST");
        assertThat(charges).isEmpty();
    }

    private StepOutcome overtaken(Given.Work save) throws InterruptedException {
        return of((input, context) -> {
                    context.progress(0.9, "about to store");
                    return save.run(input, context);
                })
                .standStill(Moment.progress(0.9))
                .run();
    }

    @Test
    void a_worker_that_stood_still_overwrites_what_a_newer_attempt_has_stored_without_a_fence() throws Exception {
        StepOutcome outcome = overtaken((input, context) -> {
            store("by attempt " + context.attempt());
            return StepResult.of(context.attempt());
        });
        assertThat(outcome.assertSucceeded().result(Integer.class)).isEqualTo(2);
        assertThat(stored).isEqualTo("by attempt 1");
    }

    @Test
    void a_worker_that_stood_still_is_refused_by_a_fence() throws Exception {
        StepOutcome outcome = overtaken((input, context) -> {
            store(context.stepKey(), context.attempt(), "by attempt " + context.attempt());
            return StepResult.of(context.attempt());
        });
        assertThat(outcome.assertSucceeded().result(Integer.class)).isEqualTo(2);
        assertThat(outcome.handlerStarts()).isEqualTo(2);
        assertThat(stored).isEqualTo("by attempt 2");
    }

    @Test
    void a_message_that_is_delivered_twice_starts_the_handler_once() throws Exception {
        StepOutcome outcome =
                of((input, context) -> charge("card 1")).deliverTwice().run();
        assertThat(outcome.assertSucceeded().result(String.class)).isEqualTo("receipt 1");
        assertThat(outcome.handlerStarts()).isEqualTo(1);
        assertThat(outcome.deliveries()).isGreaterThanOrEqualTo(3); // at first, meanwhile, afterwards
    }

    @Test
    void a_cancel_interrupts_a_handler_that_waits() throws Exception {
        StepOutcome outcome = of((input, context) -> {
                    new CountDownLatch(1).await();
                    return StepResult.none();
                })
                .cancel(Moment.waiting())
                .run();
        assertThat(outcome.assertCancelled().handlerStarts()).isEqualTo(1);
    }

    @Test
    void a_handler_that_computes_sees_that_it_is_cancelled() throws Exception {
        List<Boolean> seen = new ArrayList<>();
        StepOutcome outcome = of((input, context) -> {
                    seen.add(context.cancelled());
                    context.progress(0.1, "row 1");
                    seen.add(context.cancelled());
                    throw new IllegalStateException("stopped as asked");
                })
                .cancel(Moment.progress(0.1))
                .run();
        outcome.assertCancelled();
        assertThat(seen).containsExactly(false, true);
    }

    /** Needs 30 s to put things away, which is longer than a lease. */
    private static final class Tidy implements StepHandler {
        @Override
        public String name() {
            return "tidy";
        }

        @Override
        public Duration grace() {
            return Duration.ofSeconds(60);
        }

        @Override
        public StepResult run(StepInput input, StepContext context) {
            try {
                new CountDownLatch(1).await();
            } catch (InterruptedException e) {
                context.progress(1, "puts things away");
            }
            return StepResult.of("tidy");
        }
    }

    @Test
    void what_a_cancelled_handler_returns_within_its_grace_is_recorded() throws Exception {
        StepOutcome outcome = StepTest.of(new Tidy())
                .cancel(Moment.waiting())
                .clockForward(Moment.progress(1), Duration.ofSeconds(30))
                .run();
        assertThat(outcome.assertSucceeded().result(String.class)).isEqualTo("tidy");
    }

    @Test
    void a_handler_that_hangs_is_timed_out_once_the_clock_is_set_forward() throws Exception {
        StepOutcome outcome = of((input, context) -> {
                    if (context.attempt() == 1) {
                        new CountDownLatch(1).await();
                    }
                    return charge("card 1");
                })
                .timeout(Duration.ofMinutes(5))
                .clockForward(Moment.waiting(), Duration.ofMinutes(5))
                .run();
        assertThat(outcome.assertSucceeded().attempts().getFirst().failure()).isEqualTo("TIMEOUT");
        assertThat(outcome.took()).isGreaterThanOrEqualTo(Duration.ofMinutes(5));
        assertThat(charges).hasSize(1);
    }

    @Test
    void throttled_calls_are_repeated_and_the_handler_is_not() throws Exception {
        StepOutcome outcome = of((input, context) -> charge("card 1"))
                .throttle(Moment.end(), 5)
                .run();
        assertThat(outcome.assertSucceeded().result(String.class)).isEqualTo("receipt 1");
        assertThat(charges).hasSize(1);
        assertThat(outcome.took()).isGreaterThan(Duration.ofMillis(1500)); // of pauses, which it leaps over
    }

    @Test
    void a_fault_whose_moment_never_came_fails_the_test() {
        assertThatThrownBy(() -> of((input, context) -> StepResult.none())
                        .loseWorker(Moment.progress(0.5))
                        .run())
                .isInstanceOf(AssertionError.class)
                .hasMessageContaining("before the test could [lose the worker at attempt 1, progress 0.5]");
    }

    @Test
    void a_handler_that_waits_cannot_be_killed() {
        assertThatThrownBy(() -> of((input, context) -> StepResult.none()).loseWorker(Moment.waiting()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("cannot be killed");
    }
}
