package dev.stepstile.usecases;

import static org.assertj.core.api.Assertions.assertThat;

import dev.stepstile.api.StepResult;
import dev.stepstile.contracts.StateFolderDamage;
import dev.stepstile.port.StepQueue.Delivery;
import dev.stepstile.step.RetryPolicy;
import dev.stepstile.step.StepError;
import dev.stepstile.step.StepState;
import dev.stepstile.step.StepState.Name;
import dev.stepstile.step.WorkerRecord;
import dev.stepstile.usecase.Dispatcher.NewStep;
import dev.stepstile.usecase.Metric;
import dev.stepstile.usecase.StepExecution;
import dev.stepstile.usecase.Tasks;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.TreeMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A worker, its item, and what becomes of its steps when it falls silent. */
class WorkerTest {

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

    private void pass(int seconds) {
        stack.time.advance(Duration.ofSeconds(seconds));
    }

    /** A worker of another dispatch, which is busy until the gate opens. */
    private Tasks.Task<List<String>> neighbour(Work.Gate gate) throws InterruptedException {
        stack.dispatch("d2", Stack.step("neighbour"));
        Tasks.Task<List<String>> worker = stack.start();
        gate.awaitEntered();
        return worker;
    }

    @Test
    void is_written_with_its_steps_before_the_first_claim_and_gone_after_the_last_end() throws InterruptedException {
        stack.handOver("a", "b");
        stack.faults.crashAfter("workers.start", 0);
        stack.crash(stack.receive(10));
        assertThat(stack.hasRecord("a")).isFalse();
        assertThat(stack.workers())
                .singleElement()
                .satisfies(worker -> assertThat(worker.steps())
                        .extracting(step -> step.id().stepKey())
                        .containsExactlyInAnyOrder("a", "b"));
        stack.expireLease();
        stack.sweep();
        stack.deliverAll();
        assertThat(stack.state("b")).isEqualTo(Name.SUCCEEDED);
        assertThat(stack.record("b").attempt()).as("nothing was counted").isEqualTo(1);
        assertThat(stack.workers()).isEmpty();
    }

    @Test
    void whose_item_is_not_written_claims_nothing_and_its_batch_comes_again_shortly_uncounted()
            throws InterruptedException {
        stack.handOver("a");
        stack.faults.fail("workers.start");
        assertThat(stack.deliver()).hasSize(1);
        assertThat(stack.hasRecord("a")).isFalse();
        pass(3);
        stack.deliver();
        assertThat(stack.state("a")).isEqualTo(Name.SUCCEEDED);
        assertThat(stack.record("a").attempt()).isEqualTo(1);
    }

    @Test
    void that_dies_is_recovered_by_a_neighbour_within_30_seconds_of_its_last_heartbeat() throws InterruptedException {
        stack.handOver("a");
        stack.crashAfterClaim();
        Work.Gate gate = stack.work.gate("neighbour");
        Tasks.Task<List<String>> neighbour = neighbour(gate);
        pass(30);
        assertThat(stack.state("a")).isEqualTo(Name.RETRYING);
        assertThat(stack.receive(10)).as("sent, and visible").hasSize(1);
        assertThat(stack.record("a").history()).singleElement().satisfies(note -> {
            assertThat(note.cause()).isEqualTo(StepError.Kind.WORKER_LOST);
            assertThat(note.message()).contains("Attempt 1 was lost", "no other step beside it");
        });
        gate.open();
        neighbour.join();
    }

    @Test
    void that_is_known_to_have_ended_with_its_process_is_recovered_at_once() throws InterruptedException {
        stack.handOver("a");
        stack.crashAfterClaim();
        stack.dispatch("d2", Stack.step("b"));
        stack.faults.crashAfter("workers.start", 0);
        stack.crash(stack.receive(10));
        WorkerRecord beingRecovered = WorkerRecord.starting("r", List.of(), stack.time.instant());
        stack.ports.workers().start(beingRecovered);
        stack.ports.workers().revoke(beingRecovered, stack.time.instant());

        stack.stepstile.recoverWorkers();

        assertThat(stack.workers()).isEmpty();
        assertThat(stack.receive(10)).as("both, sent again").hasSize(2);
        assertThat(stack.count(Metric.WORKERS_LOST)).isEqualTo(1);
    }

    @Test
    void that_is_found_silent_by_two_is_recovered_once() throws InterruptedException {
        stack.handOver("a");
        stack.crashAfterClaim();
        stack.expireLease();
        stack.faults.afterNext("workers.workers", this::swept);
        stack.sweep();
        assertThat(stack.count(Metric.WORKERS_LOST)).isEqualTo(1);
        assertThat(stack.receive(10)).hasSize(1);
    }

    private void swept() {
        try {
            stack.sweep();
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void that_sends_a_heartbeat_while_it_is_looked_at_lives_on() throws InterruptedException {
        Work.Gate gate = stack.work.gate("a");
        stack.handOver("a");
        Tasks.Task<List<String>> worker = stack.start();
        gate.awaitEntered();
        for (int i = 0; i < 30; i++) {
            stack.faults.fail("workers.renew");
            stack.faults.fail("workers.workers"); // a look of its own, which may be late, is not what is tested
        }
        pass(21);
        stack.faults.restart();
        stack.faults.afterNext("workers.workers", () -> pass(1));
        stack.sweep();
        assertThat(stack.state("a")).isEqualTo(Name.RUNNING);
        assertThat(stack.workers())
                .singleElement()
                .satisfies(item -> assertThat(item.revokedAt()).isNull());
        gate.open();
        assertThat(worker.join()).isEmpty();
        assertThat(stack.record("a").attempt()).isEqualTo(1);
    }

    @Test
    void that_is_recovered_whatever_crashes_on_the_way_loses_no_step() throws InterruptedException {
        for (int at = 0; at < 12; at++) {
            String run = "a" + at;
            stack.dispatch("crash-" + at, Stack.step(run), Stack.once(run + "-once"), Stack.step(run + "-unclaimed"));
            stack.faults.crashAfter("store.write", 1);
            stack.crash(stack.receive(10));
            stack.expireLease();
            stack.faults.crashAfter("", at);
            sweepUntilItCrashes();
            for (int i = 0; i < 4 && !stack.workers().isEmpty(); i++) {
                stack.sweepAfter(Duration.ofMinutes(1));
            }
            assertThat(stack.workers()).isEmpty();
            stack.recover(5);
            assertThat(stack.state(run)).as("crash at call " + at).isEqualTo(Name.SUCCEEDED);
            assertThat(stack.state(run + "-unclaimed")).isEqualTo(Name.SUCCEEDED);
        }
    }

    private void sweepUntilItCrashes() throws InterruptedException {
        try {
            stack.sweep();
        } catch (Faults.Crash crash) {
            // that is the point
        }
        stack.faults.restart();
    }

    @Test
    void that_ends_while_an_outcome_is_unknown_leaves_its_item_to_be_looked_after() throws InterruptedException {
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
        assertThat(stack.workers()).hasSize(1);
        stack.expireLease();
        stack.sweep();
        stack.deliver();
        assertThat(stack.state("a")).isEqualTo(Name.SUCCEEDED);
        assertThat(stack.workers()).isEmpty();
    }

    /** A worker that was revoked and recovered claims, as it had stood still before: nobody would look after that claim. */
    @Test
    void that_is_gone_does_not_hold_its_step_against_a_message() throws InterruptedException {
        stack.handOver("a");
        stack.crashAfterClaim();
        WorkerRecord gone = stack.workers().getFirst();
        stack.ports.workers().end(gone.id());
        stack.time.advance(Stack.VISIBILITY);
        assertThat(stack.deliver()).as("to run alone, as it lost a worker").isEmpty();
        assertThat(stack.state("a")).isEqualTo(Name.SUCCEEDED);
        assertThat(stack.record("a").attempt()).isEqualTo(2);
        assertThat(stack.count(Metric.WORKERS_LOST)).isEqualTo(1);
    }

    @Test
    void whose_own_lease_is_over_claims_nothing_more() throws InterruptedException {
        stack.handOver("a");
        List<Delivery> batch = stack.receive(10);
        stack.faults.afterNext("workers.start", () -> {
            for (int i = 0; i < 30; i++) {
                stack.faults.fail("workers.renew");
            }
            pass(15);
        });
        assertThat(stack.deliver(batch)).hasSize(1);
        assertThat(stack.hasRecord("a")).isFalse();
        stack.faults.restart();
        stack.deliver();
        assertThat(stack.state("a")).isEqualTo(Name.SUCCEEDED);
    }

    @Test
    void that_is_revoked_gives_up_what_it_still_holds() throws InterruptedException {
        Work.Gate gate = stack.work.gate("a");
        stack.handOver("a");
        Tasks.Task<List<String>> worker = stack.start();
        gate.awaitEntered();
        WorkerRecord item = stack.workers().getFirst();
        stack.ports.workers().revoke(item, stack.time.instant()); // and whoever revoked it crashes
        pass(5);
        assertThat(worker.join()).hasSize(1);
        assertThat(stack.record("a").state()).isInstanceOf(StepState.Retrying.class);
        assertThat(stack.record("a").history())
                .singleElement()
                .satisfies(note -> assertThat(note.cause()).isEqualTo(StepError.Kind.WORKER_LOST));
        assertThat(stack.workers()).as("left to be looked after").hasSize(1);
        pass(10);
        stack.sweep();
        assertThat(stack.workers()).isEmpty();
    }

    /** Both claims are written; the answer of one is lost, and the other's step runs for as long as the test wants. */
    @Test
    void that_does_not_know_whether_it_claimed_a_step_does_not_hold_it_while_another_one_runs()
            throws InterruptedException {
        Work.Gate a = stack.work.gate("a");
        stack.work.on("b", a);
        stack.handOver("a", "b");
        stack.faults.loseAnswer("store.write");
        Tasks.Task<List<String>> worker = stack.start();
        a.awaitEntered();
        stack.time.awaitQuiet();
        pass(10);
        assertThat(List.of(stack.state("a"), stack.state("b"))).containsExactlyInAnyOrder(Name.RUNNING, Name.RETRYING);
        a.open();
        worker.join();
        assertThat(stack.work.started()).hasSize(1);
    }

    @Test
    void that_could_not_record_an_end_records_it_once_the_table_answers_while_another_step_runs()
            throws InterruptedException {
        Work.Gate gate = stack.work.gate("b");
        stack.work.on("a", (input, context) -> {
            gate.awaitEntered();
            for (int i = 0; i < 200; i++) {
                stack.faults.fail("store.write");
            }
            return StepResult.of("late");
        });
        stack.handOver("a", "b");
        Tasks.Task<List<String>> worker = stack.start();
        gate.awaitEntered();
        stack.time.awaitQuiet(); // its message goes back
        stack.faults.restart();
        pass(10);
        assertThat(stack.state("a")).isEqualTo(Name.SUCCEEDED);
        assertThat(stack.state("b")).isEqualTo(Name.RUNNING);
        gate.open();
        worker.join();
    }

    @Test
    void that_settles_many_outcomes_with_a_slow_table_goes_on_with_its_heartbeats() throws InterruptedException {
        Work.Gate gate = stack.work.gate("b");
        for (int i = 0; i < 5; i++) {
            stack.work.on("a" + i, (input, context) -> {
                gate.awaitEntered();
                for (int fault = 0; fault < 200; fault++) {
                    stack.faults.fail("store.write");
                }
                return StepResult.of("late");
            });
        }
        stack.dispatch(
                "d1",
                Stream.of("a0", "a1", "a2", "a3", "a4", "b")
                        .map(key -> new NewStep(
                                key, "work", "{}", RetryPolicy.DEFAULT, Duration.ofMinutes(10), new TreeMap<>()))
                        .toArray(NewStep[]::new));
        Tasks.Task<List<String>> worker = stack.start();
        gate.awaitEntered();
        stack.time.awaitQuiet(); // their messages go back
        stack.faults.restart();
        List<Duration> left = new CopyOnWriteArrayList<>();
        eachTakesSixSeconds("store.write", left);
        pass(30);
        assertThat(left)
                .as("of the lease, after each write; three take longer than a lease")
                .hasSize(5)
                .allMatch(Duration::isPositive);
        gate.open();
        worker.join();
    }

    private void eachTakesSixSeconds(String call, List<Duration> leaseLeft) {
        stack.faults.afterNext(call, () -> {
            stack.time.sleepUntil(stack.time.instant().plusSeconds(6));
            leaseLeft.add(Duration.between(
                    stack.time.instant(), stack.workers().getFirst().leaseUntil()));
            eachTakesSixSeconds(call, leaseLeft);
        });
    }

    @Test
    void whose_heartbeats_arrive_and_are_not_answered_is_not_revoked_by_who_has_read_an_older_one()
            throws InterruptedException {
        Work.Gate gate = stack.work.gate("a");
        stack.handOver("a");
        Tasks.Task<List<String>> worker = stack.start();
        gate.awaitEntered();
        stack.faults.loseAnswer("workers.renew");
        pass(1);
        WorkerRecord read = stack.workers().getFirst();
        stack.faults.loseAnswer("workers.renew");
        pass(1);
        assertThat(stack.workers().getFirst().leaseUntil()).isAfter(read.leaseUntil());
        assertThat(stack.ports.workers().revoke(read, stack.time.instant())).isFalse();
        gate.open();
        worker.join();
    }

    @Test
    void that_is_revoked_before_a_handler_starts_abandons_it() throws InterruptedException {
        CountDownLatch stop = new CountDownLatch(1);
        stack.work.on("a", (input, context) -> Work.uninterruptible(new CountDownLatch(1), stop));
        stack.handOver("a");
        stack.faults.afterNext("store.write", () -> {
            stack.ports.workers().revoke(stack.workers().getFirst(), stack.time.instant());
            pass(5);
        });
        Tasks.Task<List<String>> worker = stack.start();
        stack.time.awaitQuiet();
        assertThat(stack.state("a")).isEqualTo(Name.RETRYING);
        stop.countDown();
        assertThat(worker.join()).hasSize(1);
    }

    @Test
    void that_dies_is_recovered_by_workers_whose_batches_are_short_as_soon_as_it_counts_as_silent()
            throws InterruptedException {
        stack.handOver("a");
        stack.crashAfterClaim();
        StepExecution environment = stack.environment();
        for (int second = 0; second < 30 && stack.state("a") == Name.RUNNING; second++) {
            stack.dispatch("short-" + second, Stack.step("s" + second));
            environment.execute(stack.receive(1), stack.time.instant().plus(Stack.FUNCTION_TIMEOUT));
            pass(1);
        }
        assertThat(stack.state("a")).isEqualTo(Name.RETRYING);
        Duration silentAfter = stack.timing.lease().plus(stack.timing.margin());
        assertThat(stack.time.instant())
                .as("whoever sees that it misses heartbeats looks just then")
                .isBetween(
                        Stack.START.plus(silentAfter),
                        Stack.START.plus(silentAfter).plusSeconds(2));
    }

    /** Those that died do not look; who counts them would leave it to them. */
    @Test
    void that_dies_after_hundreds_of_others_is_recovered_within_30_seconds() throws InterruptedException {
        for (int i = 0; i < 300; i++) {
            stack.ports.workers().start(WorkerRecord.starting("dead-" + i, List.of(), Stack.START));
        }
        Work.Gate gate = stack.work.gate("neighbour");
        Tasks.Task<List<String>> neighbour = neighbour(gate);
        pass(60);
        assertThat(stack.workers()).as("all are recovered").hasSize(1);
        stack.handOver("a");
        stack.crashAfterClaim();
        pass(30);
        assertThat(stack.state("a")).isEqualTo(Name.RETRYING);
        gate.open();
        neighbour.join();
    }

    @Test
    void that_is_revoked_and_not_yet_recovered_does_not_cost_a_step_its_message() throws InterruptedException {
        stack.handOver("a");
        stack.crashAfterClaim();
        stack.expireLease();
        stack.ports.workers().revoke(stack.workers().getFirst(), stack.time.instant()); // and then it stands still
        stack.time.advance(Stack.VISIBILITY);
        assertThat(stack.deliver(stack.receivedTimes(1))).isEmpty();
        assertThat(stack.state("a")).isEqualTo(Name.SUCCEEDED);
    }

    @Test
    void is_recovered_step_by_step_whatever_is_damaged() throws InterruptedException {
        stack.dispatch("d1", Stack.step("a"));
        stack.dispatch("d2", Stack.step("b"));
        stack.dispatch("d3", Stack.step("c"));
        Work.Gate gate = stack.work.gate("a");
        stack.work.on("b", gate);
        stack.work.on("c", gate);
        Tasks.Task<List<String>> worker = stack.start();
        stack.time.awaitQuiet();
        for (int i = 0; i < 30; i++) {
            stack.faults.fail("workers.renew");
        }
        stack.expireLease();
        StateFolderDamage.dispatch(folder.resolve("state"), Stack.RUN, "d2");
        stack.sweep();
        assertThat(List.of(stack.state("a"), stack.state("b"), stack.state("c")))
                .containsOnly(Name.RETRYING);
        assertThat(stack.receive(10)).as("of the dispatches that can be read").hasSize(2);
        assertThat(stack.workers()).isEmpty();
        gate.open();
        assertThat(worker.join()).isEmpty();
    }

    @Test
    void whose_item_is_damaged_hides_no_other_one() throws InterruptedException {
        List<WorkerRecord> dead = IntStream.range(0, 20)
                .mapToObj(i -> WorkerRecord.starting("dead-" + i, List.of(), Stack.START))
                .toList();
        dead.forEach(stack.ports.workers()::start);
        StateFolderDamage.worker(folder.resolve("state"), "dead-0");
        stack.expireLease();
        stack.sweep();
        assertThat(dead.subList(1, 20))
                .noneMatch(item -> stack.ports.workers().worker(item.id()).isPresent());
    }

    @Test
    void lists_a_step_once_however_often_it_is_in_its_batch() throws InterruptedException {
        stack.handOver("a");
        List<Delivery> once = stack.receive(1);
        stack.faults.crashAfter("workers.start", 0);
        stack.crash(List.of(once.getFirst(), once.getFirst()));
        assertThat(stack.workers().getFirst().steps()).hasSize(1);
    }

    @Test
    void is_lost_with_what_it_ran_and_not_with_what_had_ended() throws InterruptedException {
        Work.Gate gate = stack.work.gate("b");
        stack.work.on("c", gate);
        stack.handOver("a", "b", "c");
        Tasks.Task<List<String>> worker = stack.start();
        stack.time.awaitQuiet();
        pass(1);
        for (int i = 0; i < 30; i++) {
            stack.faults.fail("workers.renew");
        }
        stack.expireLease();
        stack.sweep();
        assertThat(stack.record("b").history())
                .singleElement()
                .satisfies(note -> assertThat(note.message()).endsWith("Its worker fell silent, beside c."));
        gate.open();
        worker.join();
    }

    /** Left behind, it would go on in a later invocation. */
    @Test
    void whose_item_is_not_deleted_awaits_its_look_all_the_same() throws InterruptedException {
        StepExecution environment = stack.environment();
        stack.handOver("a");
        stack.start(environment, stack.receive(10)).join();
        pass(10);
        stack.dispatch("d2", Stack.step("b"));
        CountDownLatch listed = new CountDownLatch(1);
        stack.faults.afterNext("workers.workers", () -> uninterrupted(listed));
        stack.faults.fail("workers.end");
        Tasks.Task<List<String>> worker = stack.start(environment, stack.receive(10));
        stack.time.awaitQuiet();
        assertThat(worker.joinUntil(stack.time.instant())).isFalse();
        listed.countDown();
        assertThat(worker.join()).isEmpty();
    }

    private static void uninterrupted(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }
}
