package dev.stepstile.usecases;

import static org.assertj.core.api.Assertions.assertThat;

import dev.stepstile.api.StepResult;
import dev.stepstile.port.StepQueue.Delivery;
import dev.stepstile.step.StepError;
import dev.stepstile.step.StepState;
import dev.stepstile.step.StepState.Name;
import dev.stepstile.step.WorkerRecord;
import dev.stepstile.usecase.Metric;
import dev.stepstile.usecase.Tasks;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A worker, its item, and what becomes of its steps when it falls silent. */
class WorkerTest {
    private static final Duration SECOND = Duration.ofSeconds(1);

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
        for (int i = 0; i < seconds; i++) {
            stack.time.advance(SECOND);
        }
    }

    private static void await(BooleanSupplier condition) throws InterruptedException {
        for (int i = 0; i < 1_000 && !condition.getAsBoolean(); i++) {
            Thread.sleep(10);
        }
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
        await(() -> stack.workers().size() == 1); // the look is a thread of its own
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
        stack.handOver("a", "b");
        stack.crashAfterClaim();
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
}
