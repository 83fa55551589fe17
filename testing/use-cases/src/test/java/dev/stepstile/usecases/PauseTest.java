package dev.stepstile.usecases;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.stepstile.api.RetryAfter;
import dev.stepstile.api.StepResult;
import dev.stepstile.port.PortException;
import dev.stepstile.port.StepQueue.Delivery;
import dev.stepstile.port.StepQueue.Outgoing;
import dev.stepstile.step.Limits;
import dev.stepstile.step.Moment;
import dev.stepstile.step.Pause;
import dev.stepstile.step.PauseScope;
import dev.stepstile.step.RetryPolicy;
import dev.stepstile.step.StepState;
import dev.stepstile.step.StepState.Name;
import dev.stepstile.step.Times;
import dev.stepstile.usecase.Dispatcher;
import dev.stepstile.usecase.Measure;
import dev.stepstile.usecase.Metric;
import dev.stepstile.usecase.PauseControl;
import dev.stepstile.usecase.StepExecution;
import dev.stepstile.usecase.Tasks;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Set;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A pause, and its end. */
class PauseTest {
    private static final PauseScope RUN = new PauseScope.OfRun(Stack.RUN);
    private static final PauseScope HANDLER = new PauseScope.OfHandler("work");
    private static final PauseScope ALL = new PauseScope.Everything();
    private static final Duration MINUTE = Duration.ofMinutes(1);

    @TempDir
    Path folder;

    private Stack stack;

    @BeforeEach
    void open() {
        stack = new Stack(folder);
    }

    @AfterEach
    void close() {
        stack.close();
    }

    private PauseControl.Answer pause(PauseScope scope) {
        return stack.stepstile.pauses().pause(scope, "");
    }

    private PauseControl.Answer resume(PauseScope scope) {
        return stack.stepstile.pauses().resume(scope);
    }

    private static String key(PauseScope scope) {
        return scope.name().replace('#', '-');
    }

    private List<Delivery> inQueue() {
        return stack.ports.queue().receive(10, Duration.ZERO);
    }

    @Test
    void keeps_a_step_from_being_claimed_and_deletes_its_message() throws InterruptedException {
        for (PauseScope scope : List.of(RUN, HANDLER, ALL)) {
            String key = key(scope);
            stack.dispatch("d-" + key, Stack.step(key));
            pause(scope);
            assertThat(stack.deliver()).isEmpty();
            stack.time.advance(Stack.VISIBILITY);
            assertThat(inQueue()).as("its message is deleted").isEmpty();
            assertThat(stack.hasRecord(key)).as("no attempt is counted").isFalse();
            resume(scope);
        }
        assertThat(stack.count(Metric.STEPS_PAUSED)).isEqualTo(3);
        assertThat(stack.count(Metric.STEPS_CLAIMED)).isZero();
    }

    @Test
    void of_another_run_or_handler_keeps_nothing() throws InterruptedException {
        pause(new PauseScope.OfRun("r1-other"));
        pause(new PauseScope.OfHandler("work-other"));
        stack.handOver("a");
        stack.deliver();
        assertThat(stack.state("a")).isEqualTo(Name.SUCCEEDED);
    }

    @Test
    void lets_what_runs_go_on_and_keeps_its_retry() throws InterruptedException {
        Work.Gate gate = stack.work.gate("runs");
        stack.work.on("retries", (input, context) -> {
            throw new RetryAfter(Duration.ofSeconds(30), "later");
        });
        stack.handOver("runs", "retries");
        Tasks.Task<List<String>> worker = stack.start();
        gate.awaitEntered();
        pause(RUN);
        gate.open();
        worker.join();
        assertThat(stack.state("runs")).isEqualTo(Name.SUCCEEDED);
        stack.time.advance(Duration.ofSeconds(40));
        stack.deliverAll();
        assertThat(stack.record("retries").attempt()).isEqualTo(1);
        assertThat(stack.state("retries")).isEqualTo(Name.RETRYING);
    }

    @Test
    void is_known_to_a_worker_five_seconds_later_at_most() throws InterruptedException {
        stack.handOver("a", "b");
        StepExecution environment = stack.environment();
        Instant deadline = stack.time.instant().plus(Stack.FUNCTION_TIMEOUT);
        environment.execute(stack.receive(1), deadline);
        pause(ALL);
        stack.time.advance(Duration.ofSeconds(5));
        environment.execute(stack.receive(1), deadline);
        assertThat(stack.count(Metric.STEPS_CLAIMED)).isEqualTo(1);
    }

    @Test
    void that_has_ended_deletes_no_message_although_the_worker_knew_of_it_a_moment_ago() throws InterruptedException {
        stack.handOver("a", "b");
        StepExecution environment = stack.environment();
        Instant deadline = stack.time.instant().plus(Stack.FUNCTION_TIMEOUT);
        pause(ALL);
        environment.execute(stack.receive(1), deadline);
        resume(ALL);
        environment.execute(stack.receive(1), deadline);
        assertThat(stack.count(Metric.STEPS_CLAIMED)).isEqualTo(1);
    }

    @Test
    void that_cannot_be_read_lets_nothing_begin_and_keeps_the_message() throws InterruptedException {
        stack.handOver("a");
        stack.faults.fail("pauses.pauses");
        stack.faults.fail("pauses.pauses");
        List<Delivery> batch = stack.receive(1);
        assertThat(stack.deliver(batch)).containsExactly(batch.getFirst().messageId());
        assertThat(stack.hasRecord("a")).isFalse();
    }

    @Test
    void leaves_its_steps_to_no_sweep() throws InterruptedException {
        pause(RUN);
        stack.handOver("a");
        stack.deliverAll();
        for (int i = 0; i < 30; i++) {
            stack.sweepAfter(MINUTE);
        }
        assertThat(inQueue()).isEmpty();
        assertThat(stack.dispatched("d1").sending().resends()).isZero();
    }

    @Test
    void ends_and_the_next_sweep_sends_what_waits() throws InterruptedException {
        for (PauseScope scope : List.of(RUN, HANDLER, ALL)) {
            String key = key(scope);
            pause(scope);
            stack.dispatch("d-" + key, Stack.step(key));
            stack.deliverAll();
            for (int i = 0; i < 7; i++) {
                stack.sweepAfter(MINUTE);
            }
            assertThat(inQueue()).isEmpty();
            resume(scope);
            stack.sweepAfter(MINUTE);
            stack.deliverAll();
            assertThat(stack.state(key)).isEqualTo(Name.SUCCEEDED);
        }
    }

    @Test
    void that_ends_just_after_a_sweep_has_read_everything_loses_nothing() throws InterruptedException {
        pause(RUN);
        stack.handOver("a");
        stack.deliverAll();
        stack.sweepAfter(Duration.ofMinutes(2));
        resume(RUN);
        stack.sweepAfter(Duration.ofSeconds(1)); // not due
        stack.sweepAfter(MINUTE);
        stack.deliverAll();
        assertThat(stack.state("a")).isEqualTo(Name.SUCCEEDED);
    }

    @Test
    void sends_nothing_more_once_a_sweep_has_sent_what_waited() throws InterruptedException {
        pause(RUN);
        stack.handOver("a");
        stack.deliverAll();
        resume(RUN);
        stack.sweepAfter(MINUTE);
        assertThat(inQueue()).hasSize(1);
        stack.sweepAfter(MINUTE);
        stack.sweepAfter(MINUTE);
        assertThat(inQueue()).as("one message is enough").isEmpty();
    }

    @Test
    void whose_messages_the_queue_does_not_take_after_it_sends_them_in_the_next_sweep() throws InterruptedException {
        pause(RUN);
        stack.handOver("a");
        stack.deliverAll();
        resume(RUN);
        for (int i = 0; i < 3; i++) {
            stack.faults.fail("queue.send");
        }
        stack.sweepAfter(MINUTE);
        assertThat(inQueue()).isEmpty();
        stack.sweepAfter(MINUTE);
        assertThat(inQueue()).hasSize(1);
    }

    @Test
    void sends_what_was_dispatched_while_it_lasted_although_its_last_message_was_sent_after_it()
            throws InterruptedException {
        pause(RUN);
        stack.handOver("a");
        stack.deliverAll();
        resume(RUN);
        stack.time.advance(Duration.ofSeconds(20));
        stack.ports.store().replace(stack.dispatched("d1").sent(stack.time.instant()));
        stack.sweepAfter(MINUTE);
        stack.deliverAll();
        assertThat(stack.state("a")).isEqualTo(Name.SUCCEEDED);
    }

    @Test
    void keeps_a_dead_letter_that_is_moved_back_redriven_and_waiting() throws InterruptedException {
        stack.work.on("a", (input, context) -> {
            throw new IllegalStateException("no");
        });
        stack.dispatch("d1", Stack.once("a"));
        stack.deliverAll();
        String letter = stack.ports.deadLetters().peek(1).getFirst();
        stack.recover(3);
        pause(RUN);
        stack.ports.queue().send(List.of(new Outgoing("g", letter, Duration.ZERO)));
        stack.deliverAll();
        assertThat(stack.state("a")).isEqualTo(Name.RETRYING);
        assertThat(stack.record("a").attempt()).isEqualTo(1);
        stack.sweepAfter(MINUTE);
        stack.sweepAfter(MINUTE);
        assertThat(inQueue()).isEmpty();
        stack.work.on("a", (input, context) -> StepResult.none());
        resume(RUN);
        stack.sweepAfter(MINUTE);
        stack.deliverAll();
        assertThat(stack.state("a")).isEqualTo(Name.SUCCEEDED);
    }

    @Test
    void keeps_what_is_redriven_and_what_is_cancelled_is_cancelled() throws InterruptedException {
        stack.work.on("dies", (input, context) -> {
            throw new IllegalStateException("no");
        });
        stack.dispatch("d1", Stack.once("dies"), Stack.step("waits"));
        pause(HANDLER);
        resume(HANDLER);
        stack.deliverAll();
        pause(HANDLER);
        stack.dispatch("d2", Stack.step("cancelled"));
        stack.stepstile
                .redriver()
                .redrive(
                        stack.ports.store().run(Stack.RUN).orElseThrow(),
                        Set.of(Name.DEAD),
                        Set.of(),
                        stack.time.instant().plusSeconds(20));
        stack.deliverAll();
        assertThat(stack.state("dies")).isEqualTo(Name.RETRYING);
        stack.stepstile.canceller().cancel(Stack.RUN, stack.time.instant().plusSeconds(20));
        assertThat(stack.state("dies")).isEqualTo(Name.CANCELLED);
        assertThat(stack.state("cancelled")).isEqualTo(Name.CANCELLED);
    }

    @Test
    void does_not_keep_a_step_from_ending_at_its_deadline() throws InterruptedException {
        pause(ALL);
        stack.dispatcher()
                .dispatch(new Dispatcher.Request(
                        Stack.RUN,
                        "d1",
                        List.of(new Dispatcher.NewStep(
                                "a",
                                "work",
                                "{}",
                                RetryPolicy.DEFAULT,
                                Duration.ofMinutes(5),
                                new TreeMap<>(),
                                new Times(null, new Moment.After(Duration.ofMinutes(10))))),
                        new TreeMap<>()));
        stack.deliverAll();
        for (int i = 0; i < 12; i++) {
            stack.sweepAfter(MINUTE);
        }
        assertThat(stack.state("a")).isEqualTo(Name.FAILED);
        assertThat(stack.dispatched("d1").closed()).isTrue();
    }

    @Test
    void changes_once_however_often_it_is_called() {
        Instant start = stack.time.instant();
        assertThat(pause(RUN)).isEqualTo(new PauseControl.Answer.Done(Pause.first(RUN, start, ""), true));
        stack.time.advance(MINUTE);
        assertThat(pause(RUN)).isEqualTo(new PauseControl.Answer.Done(Pause.first(RUN, start, ""), false));
        assertThat(resume(HANDLER)).isEqualTo(new PauseControl.Answer.NeverPaused());
        Pause ended = Pause.first(RUN, start, "").resumed(stack.time.instant());
        assertThat(resume(RUN)).isEqualTo(new PauseControl.Answer.Done(ended, true));
        stack.time.advance(Duration.ofMinutes(5));
        assertThat(resume(RUN)).isEqualTo(new PauseControl.Answer.Done(ended, false));
        assertThat(stack.stepstile.pauses().lasting()).isEmpty();
    }

    @Test
    void whose_end_is_written_slowly_is_stamped_when_that_is_known() throws InterruptedException {
        pause(RUN);
        stack.faults.afterNext("pauses.replace", () -> stack.time.advance(Duration.ofSeconds(30)));
        assertThat(resume(RUN)).isInstanceOf(PauseControl.Answer.Done.class);
        Instant end = stack.stepstile.pauses().known().resumedAt(Stack.RUN).orElseThrow();
        assertThat(end).isEqualTo(stack.time.instant());
    }

    @Test
    void is_refused_beyond_a_hundred() {
        for (int i = 0; i < Limits.PAUSES; i++) {
            pause(new PauseScope.OfRun("r-" + i));
        }
        assertThat(pause(ALL)).isEqualTo(new PauseControl.Answer.TooMany());
        assertThat(pause(new PauseScope.OfRun("r-7"))).isInstanceOf(PauseControl.Answer.Done.class);
        resume(new PauseScope.OfRun("r-7"));
        assertThat(pause(ALL)).isInstanceOf(PauseControl.Answer.Done.class);
    }

    @Test
    void that_the_table_does_not_take_is_not_answered() {
        stack.faults.fail("pauses.replace");
        assertThatThrownBy(() -> pause(ALL)).isInstanceOf(PortException.class);
        assertThat(stack.stepstile.pauses().lasting()).isEmpty();
    }

    @Test
    void is_no_wait() throws InterruptedException {
        stack.handOver("a");
        pause(RUN);
        stack.deliverAll();
        stack.time.advance(Duration.ofMinutes(10));
        stack.sweeper().sweepAndMeasure(stack.time.instant().plusSeconds(50));
        assertThat(stack.tally.newest(Measure.OLDEST_WAIT)).contains(Duration.ZERO);
        assertThat(stack.state("a")).isEqualTo(StepState.Name.QUEUED);
    }
}
