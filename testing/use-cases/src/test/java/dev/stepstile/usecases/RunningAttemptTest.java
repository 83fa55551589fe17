package dev.stepstile.usecases;

import static java.util.stream.Collectors.joining;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.stepstile.api.StepContext;
import dev.stepstile.api.StepResult;
import dev.stepstile.port.LogPage;
import dev.stepstile.port.StepQueue.Delivery;
import dev.stepstile.runtime.CapturedOutput;
import dev.stepstile.step.Limits;
import dev.stepstile.step.RetryPolicy;
import dev.stepstile.step.StepError.Kind;
import dev.stepstile.step.StepRecord;
import dev.stepstile.step.StepState;
import dev.stepstile.step.StepState.Name;
import dev.stepstile.step.StepState.Progress;
import dev.stepstile.step.WorkerRecord;
import dev.stepstile.step.WorkerRecord.Activity;
import dev.stepstile.usecase.Dispatcher.NewStep;
import dev.stepstile.usecase.Metric;
import dev.stepstile.usecase.StepExecution;
import dev.stepstile.usecase.Tasks;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** An attempt while it runs. */
class RunningAttemptTest {
    @TempDir
    Path folder;

    private Stack stack;

    @BeforeEach
    void open() {
        stack = new Stack(folder, CapturedOutput.installed());
    }

    @AfterEach
    void close() {
        stack.close();
    }

    private StepState.Running running() {
        return (StepState.Running) stack.record("a").state();
    }

    private List<LogPage> pages(int attempt) {
        StepRecord record = stack.record("a");
        return stack.ports.store().pages(record.id(), record.shard(), attempt);
    }

    private List<String> lines(int attempt) {
        return pages(attempt).stream().flatMap(page -> page.lines().stream()).toList();
    }

    private Tasks.Task<List<String>> start(Work.Gate gate) throws InterruptedException {
        Tasks.Task<List<String>> worker = stack.start();
        gate.awaitEntered();
        return worker;
    }

    private void cancel() throws InterruptedException {
        stack.stepstile.canceller().cancel(Stack.RUN, stack.time.instant().plusSeconds(20));
    }

    private WorkerRecord worker() {
        return stack.workers().getFirst();
    }

    @Test
    void has_a_worker_that_shows_what_it_does_after_a_second_and_with_each_third_of_its_lease()
            throws InterruptedException {
        Work.Gate gate = stack.work.gate("a");
        stack.handOver("a");
        Tasks.Task<List<String>> worker = start(gate);
        StepContext context = gate.awaitEntered();
        context.progress(0.25, "a quarter");
        context.log("reading");
        assertThat(worker().leaseUntil()).isEqualTo(Stack.START.plusSeconds(15));
        assertThat(worker().activities()).isEmpty();
        stack.time.advance(Duration.ofSeconds(1));
        assertThat(worker().leaseUntil()).isEqualTo(Stack.START.plusSeconds(16));
        assertThat(worker().activities().values())
                .containsExactly(new Activity(1, Stack.START, new Progress(0.25, "a quarter"), "reading"));
        context.progress(0.5, "half");
        stack.time.advance(Duration.ofSeconds(4));
        assertThat(worker().beat()).isEqualTo(1);
        stack.time.advance(Duration.ofSeconds(1));
        assertThat(worker().leaseUntil()).isEqualTo(Stack.START.plusSeconds(21));
        assertThat(worker().activities().values())
                .containsExactly(new Activity(1, Stack.START, new Progress(0.5, "half"), "reading"));
        stack.time.advance(Duration.ofSeconds(200));
        assertThat(worker().leaseUntil()).isEqualTo(Stack.START.plusSeconds(221));
        stack.sweep();
        gate.open();
        assertThat(worker.join()).isEmpty();
        assertThat(stack.state("a")).isEqualTo(Name.SUCCEEDED);
        assertThat(stack.work.started()).containsExactly("a#1");
        assertThat(context.cancelled()).isFalse();
        assertThat(stack.workers()).as("nothing is left to look after").isEmpty();
    }

    @Test
    void has_a_worker_that_sends_a_heartbeat_again_that_got_no_answer() throws InterruptedException {
        Work.Gate gate = stack.work.gate("a");
        stack.handOver("a");
        Tasks.Task<List<String>> worker = start(gate);
        stack.time.advance(Duration.ofSeconds(1));
        stack.faults.fail("workers.renew");
        stack.time.advance(Duration.ofSeconds(5));
        assertThat(worker().leaseUntil()).isEqualTo(Stack.START.plusSeconds(16));
        stack.time.advance(Duration.ofSeconds(1));
        assertThat(worker().leaseUntil())
                .as("at the next tick, not a third of a lease later")
                .isEqualTo(Stack.START.plusSeconds(22));
        gate.open();
        assertThat(worker.join()).isEmpty();
    }

    @Test
    void learns_of_a_cancel_by_its_heartbeat_and_is_interrupted() throws InterruptedException {
        Work.Gate gate = stack.work.gate("a");
        stack.handOver("a");
        Tasks.Task<List<String>> worker = start(gate);
        StepContext context = gate.awaitEntered();
        cancel();
        assertThat(running().cancelRequested()).isTrue();
        assertThat(context.cancelled()).isFalse();
        stack.time.advance(Duration.ofSeconds(5));
        gate.awaitInterrupted();
        assertThat(worker.join()).isEmpty();
        assertThat(context.cancelled()).isTrue();
        assertThat(stack.state("a")).isEqualTo(Name.CANCELLED);
        assertThat(stack.record("a").history())
                .singleElement()
                .satisfies(note -> assertThat(note.cause()).isEqualTo(Kind.CANCELLED));
    }

    @Test
    void that_takes_no_notice_of_a_cancel_is_left_behind_after_a_lease_and_the_margin() throws InterruptedException {
        CountDownLatch entered = new CountDownLatch(1);
        CountDownLatch stop = new CountDownLatch(1);
        stack.work.on("a", (input, context) -> Work.uninterruptible(entered, stop));
        stack.handOver("a");
        Tasks.Task<List<String>> worker = stack.start();
        Work.reached(entered, "not started");
        cancel();
        stack.time.advance(Duration.ofSeconds(1)); // the first heartbeat brings it
        stack.time.advance(Duration.ofSeconds(19));
        assertThat(stack.state("a")).isEqualTo(Name.RUNNING);
        stack.time.advance(Duration.ofSeconds(1));
        assertThat(worker.join()).isEmpty();
        assertThat(stack.state("a")).isEqualTo(Name.CANCELLED);
        assertThat(stack.record("a").history())
                .singleElement()
                .satisfies(note -> assertThat(note.cause()).isEqualTo(Kind.CANCELLED));
        assertThat(stack.count(Metric.HANDLERS_ABANDONED)).isEqualTo(1);
        stop.countDown();
    }

    @Test
    void that_is_cancelled_while_its_input_is_read_is_interrupted_as_it_starts() throws InterruptedException {
        Work.Gate gate = stack.work.gate("a");
        stack.dispatch("d1", Stack.step("a", "\"" + "x".repeat(50_000) + "\"", RetryPolicy.DEFAULT));
        List<Delivery> batch = stack.receive(10);
        stack.faults.afterNext("objects.get", () -> {
            try {
                cancel();
            } catch (InterruptedException e) {
                throw new AssertionError(e);
            }
            stack.time.advance(Duration.ofSeconds(5));
        });
        Tasks.Task<List<String>> worker = stack.start(batch);
        gate.awaitInterrupted();
        assertThat(worker.join()).isEmpty();
        assertThat(stack.state("a")).isEqualTo(Name.CANCELLED);
    }

    @Test
    void is_told_its_run_its_key_its_attempt_and_its_tags() throws InterruptedException {
        Work.Gate gate = stack.work.gate("a");
        stack.dispatch(
                "d1",
                new NewStep(
                        "a",
                        "work",
                        "{}",
                        RetryPolicy.DEFAULT,
                        Duration.ofSeconds(9),
                        new TreeMap<>(Map.of("team", "data"))));
        Tasks.Task<List<String>> worker = start(gate);
        StepContext context = gate.awaitEntered();
        assertThat(context.runId()).isEqualTo(Stack.RUN);
        assertThat(context.stepKey()).isEqualTo("a");
        assertThat(context.attempt()).isEqualTo(1);
        assertThat(context.tags()).containsExactly(Map.entry("team", "data"));
        gate.open();
        worker.join();
    }

    /** As an environment is that is being stopped. */
    @Test
    void whose_worker_is_interrupted_is_released_with_all_of_its_batch() throws InterruptedException {
        stack.dispatch("d1", limited(Duration.ofSeconds(30)));
        List<Delivery> batch = new ArrayList<>(stack.receivedTimes(6));
        stack.dispatch("d2", Stack.step("young"));
        batch.addAll(stack.receive(10));
        Work.Gate gate = stack.work.gate("a");
        Tasks.Task<List<String>> worker = stack.start(batch);
        gate.awaitEntered();
        worker.interrupt();
        gate.awaitInterrupted();
        assertThatThrownBy(worker::join).isInstanceOf(InterruptedException.class);
        assertThat(stack.state("a")).isEqualTo(Name.RETRYING);
        assertThat(stack.record("a").history()).singleElement().satisfies(note -> {
            assertThat(note.cause()).isEqualTo(Kind.WORKER_STOPPED);
            assertThat(note.message()).isEqualTo("Its worker was stopped. This attempt is not counted.");
        });
    }

    private static NewStep only() {
        return Stack.once("a");
    }

    @Test
    void whose_worker_is_told_to_stop_is_released_uncounted_and_runs_again_at_once() throws InterruptedException {
        Work.Gate gate = stack.work.gate("a");
        stack.dispatch("d1", only());
        StepExecution worker = stack.environment();
        List<Delivery> batch = stack.receive(10);
        Tasks.Task<List<String>> stopped = stack.start(worker, batch);
        gate.awaitEntered();
        worker.stop(Duration.ofSeconds(1));
        assertThat(stopped.join()).hasSize(1);
        assertThat(stack.record("a").state()).isEqualTo(new StepState.Retrying(Stack.START));
        assertThat(stack.record("a").attempt()).isEqualTo(1);
        assertThat(stack.record("a").attempts().budgetFrom()).isEqualTo(1);
        assertThat(stack.count(Metric.ATTEMPTS_RELEASED)).isEqualTo(1);
        assertThat(stack.count(Metric.ATTEMPTS_RETRIED)).isZero();
        assertThat(stack.time.timers()).isZero();
        stack.work.on("a", (input, context) -> StepResult.of("done"));
        assertThat(stack.deliver()).isEmpty();
        assertThat(stack.state("a")).isEqualTo(Name.SUCCEEDED);
        assertThat(stack.record("a").attempt()).as("the fence goes on").isEqualTo(2);
    }

    @Test
    void that_is_stopped_often_has_its_whole_budget_left() throws InterruptedException {
        stack.dispatch("d1", only());
        for (int i = 0; i < 5; i++) {
            Work.Gate gate = stack.work.gate("a");
            StepExecution worker = stack.environment();
            Tasks.Task<List<String>> stopped = stack.start(worker, stack.receive(10));
            gate.awaitEntered();
            worker.stop(Duration.ZERO);
            stopped.join();
        }
        stack.work.on("a", (input, context) -> {
            throw new IllegalStateException("no");
        });
        stack.deliver();
        assertThat(stack.state("a")).isEqualTo(Name.DEAD);
        assertThat(stack.record("a").attempt()).isEqualTo(6);
    }

    @Test
    void that_ends_by_itself_when_its_worker_is_told_to_stop_keeps_its_result() throws InterruptedException {
        CountDownLatch entered = new CountDownLatch(1);
        stack.work.on("a", (input, context) -> {
            entered.countDown();
            try {
                new CountDownLatch(1).await();
            } catch (InterruptedException stop) {
                return StepResult.of("in time");
            }
            return StepResult.none();
        });
        stack.dispatch("d1", only());
        StepExecution worker = stack.environment();
        Tasks.Task<List<String>> stopped = stack.start(worker, stack.receive(10));
        Work.reached(entered, "not started");
        worker.stop(Duration.ofSeconds(1));
        assertThat(stopped.join()).isEmpty();
        assertThat(stack.state("a")).isEqualTo(Name.SUCCEEDED);
    }

    @Test
    void that_takes_no_notice_when_its_worker_stops_is_released_all_the_same() throws InterruptedException {
        CountDownLatch entered = new CountDownLatch(1);
        CountDownLatch stop = new CountDownLatch(1);
        stack.work.on("a", (input, context) -> Work.uninterruptible(entered, stop));
        stack.dispatch("d1", only());
        StepExecution worker = stack.environment();
        Tasks.Task<List<String>> stopped = stack.start(worker, stack.receive(10));
        Work.reached(entered, "not started");
        worker.stop(Duration.ZERO);
        assertThat(stopped.join()).hasSize(1);
        assertThat(stack.state("a")).isEqualTo(Name.RETRYING);
        assertThat(stack.record("a").history())
                .singleElement()
                .satisfies(note -> assertThat(note.cause()).isEqualTo(Kind.WORKER_STOPPED));
        stop.countDown();
    }

    @Test
    void of_a_cancelled_run_ends_CANCELLED_when_its_worker_is_told_to_stop() throws InterruptedException {
        Work.Gate gate = stack.work.gate("a");
        stack.dispatch("d1", only());
        StepExecution worker = stack.environment();
        Tasks.Task<List<String>> stopped = stack.start(worker, stack.receive(10));
        gate.awaitEntered();
        cancel();
        worker.stop(Duration.ofSeconds(1));
        assertThat(stopped.join()).isEmpty();
        assertThat(stack.state("a")).isEqualTo(Name.CANCELLED);
    }

    @Test
    void is_not_begun_once_its_worker_was_told_to_stop() throws InterruptedException {
        stack.dispatch("d1", only());
        StepExecution worker = stack.environment();
        List<Delivery> batch = stack.receive(10);
        worker.stop(Duration.ZERO);
        assertThat(stack.start(worker, batch).join()).hasSize(1);
        assertThat(stack.hasRecord("a")).isFalse();
        assertThat(stack.receive(10)).as("visible at once").hasSize(1);
    }

    /** Larger than what a message holds. */
    private static String largeInput() {
        return "\""
                + new Random(1)
                        .ints(1_000, 'a', 'z')
                        .mapToObj(Character::toString)
                        .collect(joining()) + "\"";
    }

    @Test
    void is_not_begun_if_its_worker_is_told_to_stop_while_its_input_is_fetched() throws InterruptedException {
        stack.dispatch("d1", Stack.step("a", largeInput(), new RetryPolicy(1, Duration.ZERO, Duration.ZERO)));
        StepExecution worker = stack.environment();
        List<Delivery> batch = stack.receive(10);
        stack.faults.afterNext("items.get", () -> stop(worker));
        assertThat(stack.start(worker, batch).join()).hasSize(1);
        assertThat(stack.work.started()).isEmpty();
        assertReleased();
        stack.deliver();
        assertThat(stack.state("a")).isEqualTo(Name.SUCCEEDED);
    }

    @Test
    void is_not_begun_if_its_worker_is_revoked_while_its_input_is_fetched() throws InterruptedException {
        stack.dispatch("d1", Stack.step("a", largeInput(), new RetryPolicy(2, Duration.ZERO, Duration.ZERO)));
        stack.faults.afterNext("items.get", this::revoked);
        stack.deliver();
        assertThat(stack.work.started()).isEmpty();
        assertThat(stack.state("a")).isEqualTo(Name.RETRYING);
        assertThat(stack.record("a").history()).hasSize(1);
    }

    /** The worker's heartbeats do not arrive for longer than its lease; then one is refused. */
    private void revoked() {
        try {
            for (int i = 0; i < 80; i++) {
                stack.faults.fail("workers.renew");
            }
            stack.time.advance(Duration.ofSeconds(22));
            stack.faults.restart();
            stack.sweep();
            stack.time.advance(Duration.ofSeconds(1));
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    @Test
    @Timeout(60)
    void that_takes_no_notice_and_begins_just_as_its_worker_stops_is_released_all_the_same()
            throws InterruptedException {
        CountDownLatch entered = new CountDownLatch(1);
        CountDownLatch end = new CountDownLatch(1);
        stack.work.on("a", (input, context) -> Work.uninterruptible(entered, end));
        stack.dispatch("d1", only());
        StepExecution worker = stack.environment();
        List<Delivery> batch = stack.receive(10);
        stack.inside.afterNext("tasks.forkUserCode", () -> stop(worker));
        assertThat(stack.start(worker, batch).join()).hasSize(1);
        assertReleased();
        end.countDown();
    }

    private static void stop(StepExecution worker) {
        try {
            worker.stop(Duration.ZERO);
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    private void assertReleased() {
        assertThat(stack.state("a")).isEqualTo(Name.RETRYING);
        assertThat(stack.record("a").attempts().budgetFrom()).as("not counted").isEqualTo(1);
        assertThat(stack.record("a").history())
                .singleElement()
                .satisfies(note -> assertThat(note.cause()).isEqualTo(Kind.WORKER_STOPPED));
        assertThat(stack.count(Metric.ATTEMPTS_RELEASED)).isEqualTo(1);
    }

    @Test
    void that_lost_a_worker_is_a_suspect_still_after_it_was_released() throws InterruptedException {
        stack.handOver("a");
        stack.crashAfterClaim();
        stack.expireLease();
        stack.sweep();
        for (int i = 0; i < 2; i++) {
            Work.Gate gate = stack.work.gate("a");
            StepExecution worker = stack.environment();
            Tasks.Task<List<String>> stopped = stack.start(worker, stack.receive(10));
            gate.awaitEntered();
            worker.stop(Duration.ZERO);
            stopped.join();
            assertThat(stack.record("a").suspect()).isTrue();
        }
        assertThat(stack.record("a").attempt() - stack.record("a").attempts().budgetFrom())
                .as("counted")
                .isEqualTo(1);
    }

    @Test
    void that_finishes_once_a_cancel_has_interrupted_it_has_succeeded() throws InterruptedException {
        CountDownLatch entered = new CountDownLatch(1);
        CountDownLatch stop = new CountDownLatch(1);
        stack.work.on("a", (input, context) -> {
            entered.countDown();
            try {
                stop.await();
                return StepResult.none();
            } catch (InterruptedException cancelled) {
                return StepResult.of("committed");
            }
        });
        stack.handOver("a");
        Tasks.Task<List<String>> worker = stack.start();
        Work.reached(entered, "not started");
        cancel();
        stack.time.advance(Duration.ofSeconds(20));
        assertThat(worker.join()).isEmpty();
        assertThat(stack.state("a")).isEqualTo(Name.SUCCEEDED);
    }

    @Test
    void that_is_cancelled_has_its_handlers_grace_to_finish() throws InterruptedException {
        stack.work.grace(Duration.ofSeconds(60));
        CountDownLatch entered = new CountDownLatch(1);
        CountDownLatch stop = new CountDownLatch(1);
        stack.work.on("a", (input, context) -> Work.uninterruptible(entered, stop));
        stack.handOver("a");
        Tasks.Task<List<String>> worker = stack.start();
        Work.reached(entered, "not started");
        cancel();
        stack.time.advance(Duration.ofSeconds(5)); // it is interrupted
        stack.time.advance(Duration.ofSeconds(50)); // within its grace
        assertThat(stack.count(Metric.HANDLERS_ABANDONED)).isZero();
        stop.countDown();
        assertThat(worker.join()).isEmpty();
        assertThat(stack.state("a")).isEqualTo(Name.SUCCEEDED);
    }

    @Test
    void that_is_cancelled_is_given_up_when_its_handlers_grace_is_over() throws InterruptedException {
        stack.work.grace(Duration.ofSeconds(60));
        CountDownLatch entered = new CountDownLatch(1);
        CountDownLatch stop = new CountDownLatch(1);
        stack.work.on("a", (input, context) -> Work.uninterruptible(entered, stop));
        stack.handOver("a");
        Tasks.Task<List<String>> worker = stack.start();
        Work.reached(entered, "not started");
        cancel();
        for (int i = 0; i < 5; i++) {
            stack.time.advance(Duration.ofSeconds(20));
        }
        assertThat(worker.join()).isEmpty();
        assertThat(stack.state("a")).isEqualTo(Name.CANCELLED);
        stop.countDown();
    }

    @Test
    void that_succeeds_although_it_was_asked_to_stop_has_succeeded() throws InterruptedException {
        Work.Gate gate = stack.work.gate("a");
        stack.handOver("a");
        Tasks.Task<List<String>> worker = start(gate);
        cancel();
        gate.open();
        worker.join();
        assertThat(stack.state("a")).isEqualTo(Name.SUCCEEDED);
    }

    @Test
    void whose_worker_was_revoked_is_interrupted_and_its_result_dropped() throws InterruptedException {
        CountDownLatch entered = new CountDownLatch(1);
        CountDownLatch stop = new CountDownLatch(1);
        AtomicReference<StepContext> zombies = new AtomicReference<>();
        stack.work.on("a", (input, context) -> {
            if (context.attempt() == 1) {
                zombies.set(context);
                Work.uninterruptible(entered, stop);
                return StepResult.of("the zombie's");
            }
            return StepResult.of("the winner's");
        });
        stack.handOver("a");
        List<Delivery> batch = stack.receive(10);
        Tasks.Task<List<String>> zombie = stack.start(batch);
        Work.reached(entered, "not started");
        // The worker's heartbeats do not arrive for longer than its lease.
        for (int i = 0; i < 80; i++) {
            stack.faults.fail("workers.renew");
        }
        stack.time.advance(Duration.ofSeconds(66));
        stack.faults.restart();
        stack.sweep();
        assertThat(stack.state("a")).isEqualTo(Name.RETRYING);
        stack.deliver();
        StepRecord won = stack.record("a");
        assertThat(won.attempt()).isEqualTo(2);
        stack.time.advance(Duration.ofSeconds(20));
        assertThat(zombie.join()).as("acknowledged: the table is the truth").isEmpty();
        assertThat(zombies.get().cancelled()).as("told that it is another's").isTrue();
        stop.countDown();
        assertThat(stack.record("a")).isEqualTo(won);
        assertThat(stack.count(Metric.STALE_REFUSED)).isGreaterThanOrEqualTo(1);
        assertThat(stack.count(Metric.STEPS_SUCCEEDED)).isEqualTo(1);
    }

    @Test
    void that_comes_back_to_life_after_its_worker_was_revoked_records_nothing() throws InterruptedException {
        Work.Gate gate = stack.work.gate("a");
        stack.handOver("a");
        List<Delivery> batch = stack.receive(10);
        Tasks.Task<List<String>> zombie = stack.start(batch);
        StepContext context = gate.awaitEntered();
        for (int i = 0; i < 80; i++) {
            stack.faults.fail("workers.renew");
        }
        stack.time.advance(Duration.ofSeconds(66));
        stack.faults.restart();
        stack.sweep();
        StepRecord taken = stack.record("a");
        assertThat(context.cancelled()).as("not yet told").isFalse();
        gate.open();
        assertThat(zombie.join()).isEmpty();
        assertThat(stack.record("a")).isEqualTo(taken);
        assertThat(stack.state("a")).isEqualTo(Name.RETRYING);
        assertThat(stack.count(Metric.STALE_REFUSED)).isEqualTo(1);
    }

    private NewStep limited(Duration timeout) {
        return new NewStep(
                "a", "work", "{}", new RetryPolicy(2, Duration.ZERO, Duration.ZERO), timeout, new TreeMap<>());
    }

    @Test
    void is_interrupted_at_its_timeout_and_tried_again() throws InterruptedException {
        Work.Gate gate = stack.work.gate("a");
        stack.dispatch("d1", limited(Duration.ofSeconds(30)));
        Tasks.Task<List<String>> worker = start(gate);
        assertThat(gate.awaitEntered().deadline()).isEqualTo(Stack.START.plusSeconds(30));
        stack.time.advance(Duration.ofSeconds(30));
        gate.awaitInterrupted();
        assertThat(worker.join()).hasSize(1);
        assertThat(stack.state("a")).isEqualTo(Name.RETRYING);
        assertThat(stack.record("a").history()).singleElement().satisfies(note -> {
            assertThat(note.cause()).isEqualTo(Kind.TIMEOUT);
            assertThat(note.message()).contains("30000 ms", "timeoutSeconds");
        });
    }

    @Test
    void that_ignores_its_interruption_is_left_behind_and_counted_and_its_late_result_dropped()
            throws InterruptedException {
        CountDownLatch entered = new CountDownLatch(1);
        CountDownLatch stop = new CountDownLatch(1);
        stack.work.on("a", (input, context) -> {
            if (context.attempt() > 1) {
                return StepResult.of("second");
            }
            return Work.uninterruptible(entered, stop);
        });
        stack.dispatch("d1", limited(Duration.ofSeconds(30)));
        Tasks.Task<List<String>> worker = stack.start();
        Work.reached(entered, "not started");
        stack.time.advance(Duration.ofSeconds(30));
        assertThat(worker.join()).hasSize(1);
        assertThat(stack.count(Metric.HANDLERS_ABANDONED)).isEqualTo(1);
        stack.deliver();
        assertThat(stack.state("a")).isEqualTo(Name.SUCCEEDED);
        StepRecord record = stack.record("a");
        stop.countDown();
        assertThat(stack.record("a")).isEqualTo(record);
    }

    @Test
    void is_interrupted_ten_seconds_before_the_functions_own_deadline() throws InterruptedException {
        Work.Gate gate = stack.work.gate("a");
        stack.dispatch("d1", limited(Duration.ofSeconds(800)));
        List<Delivery> batch = stack.receive(10);
        Tasks.Task<List<String>> worker =
                stack.time.fork("worker", () -> stack.execute(batch, Duration.ofSeconds(100)));
        assertThat(gate.awaitEntered().deadline()).isEqualTo(Stack.START.plusSeconds(90));
        stack.time.advance(Duration.ofSeconds(90));
        assertThat(worker.join()).hasSize(1);
        assertThat(stack.record("a").history())
                .singleElement()
                .satisfies(note -> assertThat(note.cause()).isEqualTo(Kind.TIMEOUT));
    }

    @Test
    void keeps_trying_to_record_its_success_for_a_minute() throws InterruptedException {
        stack.work.on("a", (input, context) -> {
            for (int i = 0; i < 5; i++) {
                stack.faults.fail("store.write");
            }
            return StepResult.of("at last");
        });
        stack.handOver("a");
        assertThat(stack.deliver()).isEmpty();
        assertThat(stack.state("a")).isEqualTo(Name.SUCCEEDED);
        assertThat(stack.record("a").state())
                .isInstanceOfSatisfying(
                        StepState.Succeeded.class,
                        done -> assertThat(done.finishedAt())
                                .as("stamped by the try that was written")
                                .isAfter(Stack.START));
    }

    @Test
    void that_cannot_record_its_success_leaves_its_message_and_runs_again() throws InterruptedException {
        stack.work.on("a", (input, context) -> {
            if (context.attempt() == 1) {
                for (int i = 0; i < 100; i++) {
                    stack.faults.fail("store.write");
                }
            }
            return StepResult.of(context.attempt());
        });
        stack.handOver("a");
        assertThat(stack.deliver()).hasSize(1);
        stack.faults.restart();
        assertThat(stack.state("a")).isEqualTo(Name.RUNNING);
        stack.recover(5);
        assertThat(stack.state("a")).isEqualTo(Name.SUCCEEDED);
        assertThat(stack.record("a").attempt()).isEqualTo(2);
    }

    @Test
    void shows_its_log_in_pages_in_order_and_each_line_once() throws InterruptedException {
        Work.Gate gate = stack.work.gate("a");
        stack.handOver("a");
        Tasks.Task<List<String>> worker = start(gate);
        StepContext context = gate.awaitEntered();
        context.log("line 0");
        assertThat(pages(1)).isEmpty();
        stack.time.advance(Duration.ofSeconds(1));
        assertThat(lines(1)).containsExactly("line 0");
        for (int i = 1; i < 2_000; i++) {
            context.log("line " + i + " " + "=".repeat(20));
        }
        stack.faults.fail("store.putPage");
        stack.time.advance(Duration.ofSeconds(20));
        context.log("the last");
        gate.open();
        worker.join();
        List<String> lines = lines(1);
        assertThat(lines).hasSize(2_001).doesNotHaveDuplicates();
        assertThat(lines).first().isEqualTo("line 0");
        assertThat(lines.get(1_999)).startsWith("line 1999 ");
        assertThat(lines).last().isEqualTo("the last");
        List<LogPage> pages = pages(1);
        assertThat(pages)
                .extracting(LogPage::number)
                .isEqualTo(IntStream.range(0, pages.size()).boxed().toList());
        assertThat(stack.record("a").attempts().newest().pages()).isEqualTo(pages.size());
    }

    @Test
    void that_runs_for_two_seconds_and_prints_nothing_costs_its_worker_one_heartbeat_and_no_page()
            throws InterruptedException {
        Work.Gate gate = stack.work.gate("a");
        stack.handOver("a");
        List<Delivery> batch = stack.receive(10);
        int before = stack.faults.calls().size();
        Tasks.Task<List<String>> worker = stack.time.fork("worker", () -> stack.execute(batch));
        gate.awaitEntered();
        stack.time.advance(Duration.ofSeconds(1));
        stack.time.advance(Duration.ofSeconds(1));
        gate.open();
        worker.join();
        List<String> calls = stack.faults.calls();
        assertThat(calls.subList(before, calls.size()))
                .filteredOn(call -> call.matches("workers\\.(start|renew|end)|store\\.(write|putPage)"))
                .containsExactly("workers.start", "store.write", "workers.renew", "store.write", "workers.end");
    }

    @Test
    void shows_the_last_line_that_says_something_to_people() throws InterruptedException {
        Work.Gate gate = stack.work.gate("a");
        stack.handOver("a");
        Tasks.Task<List<String>> worker = start(gate);
        StepContext context = gate.awaitEntered();
        Map<String, String> shown = new LinkedHashMap<>();
        shown.put("plain", "plain");
        shown.put("\u001e{\"stderr\": \"40 %\"}", "40 %");
        shown.put("\u001e{\"live\":{\"n\": 1}}", "40 %");
        shown.put("\u001e{\"log\": {\"level\": \"INFO\", \"message\": \"said\"}}", "said");
        shown.put("\u001e{\"stderr\": \"cut", "{\"stderr\": \"cut");
        for (Map.Entry<String, String> line : shown.entrySet()) {
            context.log(line.getKey());
            stack.time.advance(Duration.ofSeconds(5));
            assertThat(worker().activities().get(0).lastLine()).isEqualTo(line.getValue());
        }
        gate.open();
        worker.join();
    }

    @Test
    void writes_a_page_soon_after_a_silence_then_each_five_seconds_or_when_one_is_full_and_none_of_nothing()
            throws InterruptedException {
        Work.Gate gate = stack.work.gate("a");
        stack.handOver("a");
        Tasks.Task<List<String>> worker = start(gate);
        StepContext context = gate.awaitEntered();
        stack.time.advance(Duration.ofSeconds(1));
        assertThat(pages(1)).as("nothing yet, not even that it runs").isEmpty();
        for (int i = 0; i < 5; i++) {
            context.log("x".repeat(3_071));
        }
        stack.time.advance(Duration.ofSeconds(1));
        assertThat(pages(1)).as("full").hasSize(1);
        stack.time.advance(Duration.ofSeconds(10));
        assertThat(pages(1)).as("nothing new").hasSize(1);
        context.log("more");
        stack.time.advance(Duration.ofSeconds(1));
        assertThat(pages(1)).as("after a silence").hasSize(2);
        context.log("and more");
        stack.time.advance(Duration.ofSeconds(4));
        assertThat(pages(1)).hasSize(2);
        stack.time.advance(Duration.ofSeconds(1));
        assertThat(pages(1)).hasSize(3);
        gate.open();
        worker.join();
        assertThat(pages(1)).hasSize(3);
    }

    @Test
    void writes_pages_of_at_most_16_KB_and_a_log_of_at_most_256() throws InterruptedException {
        stack.work.on("a", (input, context) -> {
            for (int i = 0; i < 200; i++) {
                context.log("漢".repeat(1_000 + i));
            }
            context.log("z".repeat(1_000_000));
            return StepResult.none();
        });
        stack.handOver("a");
        stack.deliver();
        long whole = 0;
        for (LogPage page : pages(1)) {
            long bytes = page.lines().stream()
                    .mapToLong(line -> line.getBytes(StandardCharsets.UTF_8).length)
                    .sum();
            assertThat(bytes).isLessThanOrEqualTo(16 * 1024);
            whole += bytes;
        }
        assertThat(whole).isBetween(240L * 1024, Limits.LOG_BYTES + 200L);
        assertThat(lines(1))
                .filteredOn(line -> line.startsWith("[cut: "))
                .singleElement()
                .asString()
                .endsWith("an attempt's log holds 256 KB]");
        assertThat(lines(1)).last().asString().startsWith("zzz");
    }

    @Test
    void that_throws_after_it_has_logged_more_than_its_log_holds_says_why_all_the_same() throws InterruptedException {
        stack.work.on("a", (input, context) -> {
            for (int i = 0; i < 5_000; i++) {
                context.log("x".repeat(99));
            }
            throw new IllegalStateException("no such day", new IOException("disk full"));
        });
        stack.dispatch("d1", Stack.once("a"));
        stack.deliver();
        assertThat(lines(1)).contains("java.lang.IllegalStateException: no such day");
        assertThat(lines(1)).contains("Caused by: java.io.IOException: disk full");
    }

    @Test
    void that_ends_while_its_log_cannot_be_written_has_ended_all_the_same() throws InterruptedException {
        stack.work.on("a", (input, context) -> {
            context.log("lost");
            stack.faults.fail("store.putPage");
            return StepResult.of("kept");
        });
        stack.handOver("a");
        assertThat(stack.deliver()).isEmpty();
        assertThat(stack.state("a")).isEqualTo(Name.SUCCEEDED);
        assertThat(stack.record("a").attempts().newest().pages()).isZero();
    }

    @Test
    void that_prints_100_MB_is_captured_and_cut_and_told_how_much() throws InterruptedException {
        byte[] mega = "x".repeat(99).concat("\n").repeat(10_000).getBytes(StandardCharsets.UTF_8);
        stack.work.on("a", (input, context) -> {
            System.out.println("first");
            for (int i = 0; i < 100; i++) {
                System.out.write(mega, 0, mega.length);
            }
            System.err.println("last");
            return StepResult.none();
        });
        stack.handOver("a");
        long before = used();
        stack.deliver();
        assertThat(used() - before).as("bytes kept").isLessThan(30L * 1024 * 1024);
        assertThat(stack.state("a")).isEqualTo(Name.SUCCEEDED);
        List<String> lines = lines(1);
        assertThat(lines).first().isEqualTo("first");
        assertThat(lines.get(1)).isEqualTo("x".repeat(99));
        assertThat(lines).last().isEqualTo("last");
        assertThat(lines)
                .filteredOn(line -> line.startsWith("["))
                .singleElement()
                .asString()
                .matches("\\[cut: 997\\d{5} characters more were written here; an attempt's log holds 256 KB]");
    }

    private static long used() {
        System.gc();
        Runtime runtime = Runtime.getRuntime();
        return runtime.totalMemory() - runtime.freeMemory();
    }

    @Test
    void keeps_what_each_step_prints_apart() throws InterruptedException {
        CountDownLatch both = new CountDownLatch(2);
        for (String key : List.of("a", "b")) {
            stack.work.on(key, (input, context) -> {
                both.countDown();
                both.await();
                Thread child = new Thread(() -> System.out.println(key + " child"));
                for (int i = 0; i < 50; i++) {
                    System.out.println(key + " " + i);
                }
                child.start();
                child.join();
                System.out.print(key + " without an end");
                return StepResult.none();
            });
        }
        stack.handOver("a", "b");
        stack.deliver();
        for (String key : List.of("a", "b")) {
            StepRecord record = stack.record(key);
            List<String> lines = new ArrayList<>();
            stack.ports.store().pages(record.id(), record.shard(), 1).forEach(page -> lines.addAll(page.lines()));
            assertThat(lines).hasSize(52).allMatch(line -> line.startsWith(key + " "));
            assertThat(lines).contains(key + " child").last().isEqualTo(key + " without an end");
        }
    }
}
