package dev.stepstile.usecases;

import static org.assertj.core.api.Assertions.assertThat;

import dev.stepstile.codec.ManifestCodec;
import dev.stepstile.codec.MessageCodec;
import dev.stepstile.port.StepQueue;
import dev.stepstile.step.Dispatch;
import dev.stepstile.step.Moment;
import dev.stepstile.step.Payload;
import dev.stepstile.step.StepOverrides;
import dev.stepstile.step.StepSpec;
import dev.stepstile.step.StepState;
import dev.stepstile.step.StepState.Name;
import dev.stepstile.step.Times;
import dev.stepstile.usecase.Dispatcher.Answer;
import dev.stepstile.usecase.Dispatcher.NewStep;
import dev.stepstile.usecase.Measure;
import dev.stepstile.usecase.Metric;
import dev.stepstile.usecase.Redriver;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A step with {@code notBefore}. */
class DelayedStepTest {
    private static final Duration SOON = Duration.ofMinutes(10);
    private static final Duration LATE = Duration.ofHours(3);

    private Stack stack;

    @BeforeEach
    void start(@TempDir Path folder) {
        stack = new Stack(folder);
    }

    @AfterEach
    void stop() {
        stack.close();
    }

    private static NewStep delayed(String key, Moment notBefore) {
        return Stack.timed(Stack.step(key), new Times(notBefore, null));
    }

    private static NewStep delayed(String key, Duration delay) {
        return delayed(key, new Moment.After(delay));
    }

    @Test
    void is_not_received_before_and_runs_then() throws InterruptedException {
        stack.dispatch("d1", delayed("a", SOON));
        assertThat(stack.receive(10)).isEmpty();
        stack.time.advance(SOON.minusSeconds(1));
        assertThat(stack.receive(10)).isEmpty();
        stack.time.advance(Duration.ofSeconds(1));
        stack.deliver();
        assertThat(stack.state("a")).isEqualTo(Name.SUCCEEDED);
    }

    @Test
    void whose_message_comes_early_is_not_claimed_and_the_message_waits() throws InterruptedException {
        stack.dispatch("d1", delayed("a", SOON));
        Payload manifest = stack.dispatched("d1").accepted().manifest();
        StepSpec spec = ManifestCodec.read(((Payload.Inline) manifest).json()).getFirst();
        stack.ports.queue().send(List.of(new StepQueue.Outgoing("g", MessageCodec.step(spec), Duration.ZERO)));
        assertThat(stack.deliver()).hasSize(1);
        assertThat(stack.hasRecord("a")).isFalse();
        assertThat(stack.work.started()).isEmpty();
        stack.time.advance(SOON.minusSeconds(1));
        assertThat(stack.receive(10)).isEmpty();
        stack.time.advance(Duration.ofSeconds(1));
        stack.deliver();
        assertThat(stack.work.started()).containsExactly("a#1");
    }

    @Test
    void that_the_queue_cannot_delay_for_long_enough_is_sent_by_a_sweep_once_it_can() throws InterruptedException {
        stack.dispatch("d1", delayed("a", LATE), Stack.step("b"));
        stack.deliverAll();
        assertThat(stack.work.started()).containsExactly("b#1");
        Instant sendable = Stack.START.plus(LATE).minus(StepQueue.MAX_DELAY);
        while (stack.time.instant().isBefore(sendable)) {
            assertThat(stack.sweepAfter(Duration.ofMinutes(1)).steps().resent()).isZero();
        }
        stack.sweep();
        Dispatch dispatch = stack.dispatched("d1");
        assertThat(dispatch.sending().resends()).as("it is not sent again").isZero();
        assertThat(stack.receive(10)).isEmpty();
        stack.time.advance(
                Duration.between(stack.time.instant(), Stack.START.plus(LATE).minusSeconds(1)));
        assertThat(stack.receive(10)).isEmpty();
        stack.time.advance(Duration.ofSeconds(1));
        stack.deliver();
        assertThat(stack.state("a")).isEqualTo(Name.SUCCEEDED);
        assertThat(stack.count(Metric.STEPS_RESENT)).isZero();
    }

    @Test
    void is_not_taken_for_lost_before_and_is_sent_again_after() throws InterruptedException {
        stack.dispatch("d1", delayed("a", SOON));
        stack.time.advance(SOON);
        stack.ports.queue().delete(List.of(stack.receive(1).getFirst().receipt()));
        assertThat(stack.sweep().steps().resent()).isZero();
        Duration lost = stack.timing.resending().lostAfter();
        assertThat(stack.sweepAfter(lost.minusSeconds(1)).steps().resent()).isZero();
        stack.recover(3);
        assertThat(stack.state("a")).isEqualTo(Name.SUCCEEDED);
    }

    @Test
    void waits_for_a_worker_only_from_then_on() throws InterruptedException {
        stack.dispatch("d1", delayed("a", SOON));
        for (int minute = 1; minute <= 10; minute++) {
            measureAfterAMinute();
        }
        assertThat(stack.tally.newest(Measure.OLDEST_WAIT)).contains(Duration.ZERO);
        measureAfterAMinute();
        assertThat(stack.tally.newest(Measure.OLDEST_WAIT)).contains(Duration.ofMinutes(1));
        stack.deliver();
        assertThat(stack.tally.newest(Measure.STEP_WAIT)).contains(Duration.ofMinutes(1));
    }

    private void measureAfterAMinute() throws InterruptedException {
        stack.time.advance(Duration.ofMinutes(1));
        stack.sweeper().sweepAndMeasure(stack.time.instant().plus(Duration.ofSeconds(50)));
    }

    private void cancel() throws InterruptedException {
        stack.stepstile.canceller().cancel(Stack.RUN, stack.time.instant().plusSeconds(20));
    }

    @Test
    void is_cancelled_at_once_and_redriven_keeps_to_it() throws InterruptedException {
        stack.dispatch("d1", delayed("a", LATE));
        cancel();
        assertThat(stack.state("a")).isEqualTo(Name.CANCELLED);
        redrive(StepOverrides.NONE);
        assertThat(stack.record("a").state()).isEqualTo(new StepState.Retrying(Stack.START.plus(LATE)));
        assertThat(stack.receive(10)).isEmpty();
        for (int minute = 0; minute <= LATE.toMinutes() + 3; minute++) {
            stack.sweepAfter(Duration.ofMinutes(1));
            stack.deliverAll();
            assertThat(stack.work.started().isEmpty()).isEqualTo(stack.state("a") == Name.RETRYING);
        }
        assertThat(stack.state("a")).isEqualTo(Name.SUCCEEDED);
    }

    @Test
    void is_redriven_at_another_time_if_the_call_names_one() throws InterruptedException {
        stack.dispatch("d1", delayed("a", LATE));
        cancel();
        redrive(new StepOverrides(
                null, StepOverrides.Retries.NONE, null, null, new Times(new Moment.After(Duration.ZERO), null)));
        stack.deliver();
        assertThat(stack.state("a")).isEqualTo(Name.SUCCEEDED);
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
    void in_a_call_that_is_repeated_later_is_the_same_step_of_the_same_dispatch() throws InterruptedException {
        Moment at = new Moment.At(Stack.START.plus(SOON));
        stack.dispatch("d1", delayed("a", SOON), delayed("b", at));
        stack.time.advance(Duration.ofDays(8));
        assertThat(stack.dispatch("d1", delayed("a", SOON), delayed("b", at)))
                .isEqualTo(new Answer.Accepted("d1", 2, true));
        assertThat(stack.dispatch("d1", delayed("a", SOON.plusSeconds(1)), delayed("b", at)))
                .isEqualTo(new Answer.Conflict("d1"));
        assertThat(stack.dispatch("d1", Stack.step("a"), Stack.step("b"))).isEqualTo(new Answer.Conflict("d1"));
    }

    @Test
    void may_be_seven_days_away_and_no_more_and_the_past_is_now() throws InterruptedException {
        Instant most = Stack.START.plus(Duration.ofDays(7));
        assertThat(stack.dispatch("d1", delayed("a", new Moment.At(most.plusMillis(1)))))
                .isInstanceOf(Answer.OutOfTime.class);
        assertThat(stack.ports.store().run(Stack.RUN)).as("nothing is written").isEmpty();
        assertThat(stack.dispatch("d1", delayed("a", new Moment.At(most))))
                .isEqualTo(new Answer.Accepted("d1", 1, false));
        stack.dispatch("d2", delayed("b", new Moment.At(Stack.START)));
        stack.deliver();
        assertThat(stack.state("b")).isEqualTo(Name.SUCCEEDED);
    }

    @Test
    void that_another_dispatch_may_start_at_once_is_started_by_that_one() throws InterruptedException {
        stack.dispatch("d1", delayed("a", SOON));
        stack.dispatch("d2", Stack.step("a"));
        stack.deliver();
        assertThat(stack.record("a").settings().dispatchId()).isEqualTo("d2");
        stack.time.advance(SOON);
        assertThat(stack.deliver()).isEmpty();
        assertThat(stack.work.started()).containsExactly("a#1");
        stack.recover(3);
        assertThat(stack.dispatched("d1").closed()).isTrue();
    }

    @Test
    void is_not_read_by_sweeps_before_it_can_be_sent() throws InterruptedException {
        stack.dispatch("d1", delayed("a", LATE), delayed("b", LATE.plusMinutes(1)));
        stack.sweepAfter(Duration.ofMinutes(3)); // reads all once
        long reads = stack.faults.calls("store.records");
        stack.sweepAfter(LATE.minusMinutes(20)); // after a doubled wait
        assertThat(stack.faults.calls("store.records")).isEqualTo(reads);
        stack.sweepAfter(Duration.ofMinutes(5));
        assertThat(stack.faults.calls("store.records")).isGreaterThan(reads);
    }
}
