package dev.stepstile.usecases;

import static org.assertj.core.api.Assertions.assertThat;

import dev.stepstile.api.RetryAfter;
import dev.stepstile.port.StepQueue.Delivery;
import dev.stepstile.step.Moment;
import dev.stepstile.step.StepError.Kind;
import dev.stepstile.step.StepOverrides;
import dev.stepstile.step.StepState;
import dev.stepstile.step.StepState.Name;
import dev.stepstile.step.Times;
import dev.stepstile.usecase.Dispatcher.Answer;
import dev.stepstile.usecase.Dispatcher.NewStep;
import dev.stepstile.usecase.Redriver;
import dev.stepstile.usecase.Tasks;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a dispatch's {@code deadline} does to its steps. */
class DeadlineTest {
    private static final Duration IN = Duration.ofMinutes(2);
    private static final Instant DEADLINE = Stack.START.plus(IN);

    private Stack stack;

    @BeforeEach
    void start(@TempDir Path folder) {
        stack = new Stack(folder);
    }

    @AfterEach
    void stop() {
        stack.close();
    }

    private static NewStep timed(NewStep step, @Nullable Moment deadline) {
        return Stack.timed(step, new Times(null, deadline));
    }

    private static NewStep timed(String key) {
        return timed(Stack.step(key), new Moment.After(IN));
    }

    private void endedByIt(String key) {
        assertThat(stack.record(key).state()).isInstanceOfSatisfying(StepState.Failed.class, failed -> {
            assertThat(failed.error().kind()).isEqualTo(Kind.DEADLINE);
            assertThat(failed.error().message()).contains(DEADLINE.toString(), "Redrive it");
        });
        assertThat(stack.ports.deadLetters().peek(10)).isEmpty();
    }

    @Test
    void ends_a_step_that_nobody_claims_by_a_sweep_and_then_the_dispatch_is_closed() throws InterruptedException {
        stack.dispatch("d1", timed("a"));
        stack.sweepAfter(IN.minusMillis(1));
        assertThat(stack.state("a")).isEqualTo(Name.QUEUED);
        stack.sweepAfter(Duration.ofMinutes(1));
        endedByIt("a");
        assertThat(stack.work.started()).isEmpty();
        stack.sweepAfter(Duration.ofMinutes(1));
        assertThat(stack.dispatched("d1").closed()).isTrue();
        assertThat(stack.deliver()).as("its message is deleted").isEmpty();
    }

    @Test
    void ends_a_step_that_is_claimed_at_it() throws InterruptedException {
        stack.dispatch("d1", timed("a"));
        stack.time.advance(IN);
        assertThat(stack.deliver()).isEmpty();
        endedByIt("a");
        assertThat(stack.work.started()).isEmpty();
    }

    @Test
    void interrupts_a_step_that_runs() throws Exception {
        Work.Gate gate = stack.work.gate("a");
        stack.dispatch("d1", timed("a"));
        Tasks.Task<List<String>> worker = stack.start();
        assertThat(gate.awaitEntered().deadline()).isEqualTo(DEADLINE);
        stack.time.advance(IN.minusMillis(1));
        assertThat(stack.state("a")).isEqualTo(Name.RUNNING);
        stack.time.advance(Duration.ofMillis(1));
        gate.awaitInterrupted();
        assertThat(worker.join()).isEmpty();
        endedByIt("a");
        assertThat(stack.record("a").history()).extracting(note -> note.cause()).containsExactly(Kind.DEADLINE);
    }

    @Test
    void ends_a_step_at_once_whose_retry_would_begin_after_it() throws InterruptedException {
        stack.work.on("a", (input, context) -> {
            throw new RetryAfter(IN, "not yet");
        });
        stack.dispatch("d1", timed("a"));
        assertThat(stack.deliver()).isEmpty();
        endedByIt("a");
        assertThat(((StepState.Failed) stack.record("a").state()).error().message())
                .contains("HANDLER_FAILED: not yet");
    }

    @Test
    void ends_a_step_that_waits_for_a_retry() throws InterruptedException {
        stack.work.on("a", (input, context) -> {
            throw new RetryAfter(IN.minusMillis(1), "not yet");
        });
        stack.dispatch("d1", timed("a"));
        stack.deliver();
        assertThat(stack.state("a")).isEqualTo(Name.RETRYING);
        stack.sweepAfter(IN.minusSeconds(1));
        assertThat(stack.state("a")).isEqualTo(Name.RETRYING);
        stack.sweepAfter(Duration.ofMinutes(1));
        endedByIt("a");
    }

    @Test
    void ends_a_step_whose_worker_is_lost_after_it() throws InterruptedException {
        stack.dispatch("d1", timed("a"));
        stack.crashAfterClaim();
        stack.time.advance(IN);
        stack.sweep();
        endedByIt("a");
        assertThat(stack.record("a").history()).extracting(note -> note.cause()).containsExactly(Kind.WORKER_LOST);
    }

    @Test
    void leaves_a_cancelled_step_cancelled() throws InterruptedException {
        stack.dispatch("d1", timed("a"));
        cancel();
        stack.sweepAfter(IN);
        assertThat(stack.state("a")).isEqualTo(Name.CANCELLED);
    }

    private void cancel() throws InterruptedException {
        stack.stepstile.canceller().cancel(Stack.RUN, stack.time.instant().plusSeconds(20));
    }

    private void redrive(StepOverrides overrides) throws InterruptedException {
        stack.stepstile
                .redriver()
                .redrive(
                        stack.ports.store().run(Stack.RUN).orElseThrow(),
                        new Redriver.Request(StepState.REDRIVABLE, Set.of("a"), overrides, null, null),
                        stack.time.instant().plusSeconds(29));
    }

    @Test
    void is_dropped_by_a_redrive_once_it_is_over() throws InterruptedException {
        stack.dispatch("d1", timed("a"));
        stack.sweepAfter(IN);
        endedByIt("a");
        redrive(StepOverrides.NONE);
        assertThat(stack.record("a").settings().window().deadline()).isNull();
        stack.deliver();
        assertThat(stack.state("a")).isEqualTo(Name.SUCCEEDED);
    }

    @Test
    void stays_in_a_redrive_before_it() throws InterruptedException {
        stack.dispatch("d1", timed("a"));
        cancel();
        redrive(StepOverrides.NONE);
        assertThat(stack.state("a")).isEqualTo(Name.RETRYING);
        stack.sweepAfter(IN);
        endedByIt("a");
    }

    @Test
    void is_another_one_if_a_redrive_names_it() throws InterruptedException {
        stack.dispatch("d1", timed("a"));
        stack.sweepAfter(IN);
        Moment later = new Moment.After(Duration.ofMinutes(10));
        redrive(new StepOverrides(null, StepOverrides.Retries.NONE, null, null, new Times(null, later)));
        assertThat(stack.record("a").settings().window().deadline()).isEqualTo(DEADLINE.plusSeconds(600));
        assertThat(stack.record("a").history().getLast().message())
                .contains("deadline " + DEADLINE + " -> " + DEADLINE.plusSeconds(600));
        stack.sweepAfter(Duration.ofMinutes(10));
        assertThat(stack.state("a")).isEqualTo(Name.FAILED);
    }

    @Test
    void is_that_of_the_dispatch_which_claimed_the_step_first() throws InterruptedException {
        Work.Gate gate = stack.work.gate("a");
        stack.dispatch("d1", Stack.step("a"));
        List<Delivery> first = stack.receive(1);
        stack.dispatch("d2", timed("a"));
        Tasks.Task<List<String>> worker = stack.start(first);
        gate.awaitEntered();
        stack.deliver();
        stack.sweepAfter(IN);
        assertThat(stack.state("a")).isEqualTo(Name.RUNNING);
        gate.open();
        worker.join();
        assertThat(stack.state("a")).isEqualTo(Name.SUCCEEDED);
    }

    @Test
    void in_a_call_that_is_repeated_after_it_is_the_same_dispatch() throws InterruptedException {
        NewStep at = timed(Stack.step("a"), new Moment.At(DEADLINE));
        stack.dispatch("d1", at);
        stack.time.advance(IN.multipliedBy(2));
        assertThat(stack.dispatch("d1", at)).isEqualTo(new Answer.Accepted("d1", 1, true));
        assertThat(stack.dispatch("d1", timed("a"))).isEqualTo(new Answer.Conflict("d1"));
        assertThat(stack.dispatch("d1", Stack.step("a"))).isEqualTo(new Answer.Conflict("d1"));
        assertThat(stack.dispatch("d2", at)).as("it is over").isInstanceOf(Answer.OutOfTime.class);
    }

    @Test
    void lies_ahead_and_after_each_start_and_within_14_days() throws InterruptedException {
        Instant most = Stack.START.plus(Duration.ofDays(14));
        for (Moment refused : List.of(new Moment.At(Stack.START), new Moment.At(most.plusMillis(1)))) {
            assertThat(stack.dispatch("d1", timed(Stack.step("a"), refused))).isInstanceOf(Answer.OutOfTime.class);
        }
        NewStep later = Stack.timed(Stack.step("a"), new Times(new Moment.After(IN), new Moment.After(IN)));
        assertThat(stack.dispatch("d1", later)).isInstanceOf(Answer.OutOfTime.class);
        assertThat(stack.ports.store().run(Stack.RUN)).as("nothing is written").isEmpty();
        assertThat(stack.dispatch("d1", timed(Stack.step("a"), new Moment.At(most))))
                .isEqualTo(new Answer.Accepted("d1", 1, false));
    }
}
