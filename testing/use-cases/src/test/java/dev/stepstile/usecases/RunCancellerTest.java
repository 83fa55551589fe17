package dev.stepstile.usecases;

import static org.assertj.core.api.Assertions.assertThat;

import dev.stepstile.api.RetryAfter;
import dev.stepstile.api.TerminalFailure;
import dev.stepstile.port.StepQueue;
import dev.stepstile.step.StepState;
import dev.stepstile.step.StepState.Name;
import dev.stepstile.usecase.Tasks;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A cancel. */
class RunCancellerTest {
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

    private Optional<SortedMap<Name, Integer>> cancel() throws InterruptedException {
        return stack.stepstile
                .canceller()
                .cancel(Stack.RUN, stack.time.instant().plusSeconds(20));
    }

    private static Optional<SortedMap<Name, Integer>> counts(Map<Name, Integer> counts) {
        return Optional.of(new TreeMap<>(counts));
    }

    @Test
    void of_a_run_that_is_not_there_says_so() throws InterruptedException {
        assertThat(cancel()).isEmpty();
    }

    @Test
    void ends_what_waits_asks_what_runs_to_stop_and_leaves_what_has_ended() throws InterruptedException {
        stack.dispatch("d0", Stack.step("done"));
        stack.deliver();
        stack.work.on("retrying", (input, context) -> {
            throw new RetryAfter(Duration.ofHours(1), "later");
        });
        stack.dispatch("d1", Stack.step("retrying"));
        stack.deliver();
        Work.Gate gate = stack.work.gate("running");
        stack.dispatch("d2", Stack.step("running"));
        Tasks.Task<List<String>> worker = stack.start();
        gate.awaitEntered();
        stack.dispatch("d3", Stack.step("queued"), Stack.step("queued too"));

        assertThat(cancel()).isEqualTo(counts(Map.of(Name.CANCELLED, 3, Name.RUNNING, 1)));
        assertThat(stack.state("done")).isEqualTo(Name.SUCCEEDED);
        assertThat(stack.state("retrying")).isEqualTo(Name.CANCELLED);
        assertThat(stack.state("queued too")).isEqualTo(Name.CANCELLED);
        stack.time.advance(Duration.ofSeconds(20));
        worker.join();
        assertThat(stack.state("running")).isEqualTo(Name.CANCELLED);
        assertThat(stack.deliver()).as("their messages find them finished").isEmpty();
        stack.recover(3);
        assertThat(stack.ports.store().dispatches(Stack.RUN)).allMatch(dispatch -> dispatch.closed());
        assertThat(stack.work.started()).containsExactly("done#1", "retrying#1", "running#1");
    }

    @Test
    void made_twice_finds_nothing_the_second_time() throws InterruptedException {
        stack.handOver("a");
        assertThat(cancel()).isEqualTo(counts(Map.of(Name.CANCELLED, 1)));
        assertThat(cancel()).isEqualTo(counts(Map.of()));
    }

    @Test
    void wins_over_a_failure_of_the_attempt_that_it_asked_to_stop() throws InterruptedException {
        Work.Gate gate = new Work.Gate();
        stack.work.on("a", (input, context) -> {
            gate.run(input, context);
            throw new TerminalFailure("too late");
        });
        stack.handOver("a");
        Tasks.Task<List<String>> worker = stack.start();
        gate.awaitEntered();
        cancel();
        gate.open();
        worker.join();
        assertThat(stack.state("a")).isEqualTo(Name.CANCELLED);
    }

    @Test
    void reaches_a_step_that_is_claimed_while_it_is_being_cancelled() throws InterruptedException {
        Work.Gate gate = stack.work.gate("a");
        stack.handOver("a");
        List<StepQueue.Delivery> batch = stack.receive(10);
        Tasks.Task<?>[] worker = new Tasks.Task<?>[1];
        stack.faults.afterNext("store.records", () -> {
            worker[0] = stack.start(batch);
            try {
                gate.awaitEntered();
            } catch (InterruptedException e) {
                throw new AssertionError(e);
            }
        });
        assertThat(cancel()).isEqualTo(counts(Map.of(Name.RUNNING, 1)));
        assertThat(((StepState.Running) stack.record("a").state()).cancelRequested())
                .isTrue();
        gate.open();
        worker[0].join();
    }

    @Test
    void that_crashes_anywhere_is_finished_by_the_sweeper() throws Exception {
        for (int call = 1; call < 6; call++) {
            try (Stack crashing = new Stack(folder.resolve("" + call))) {
                crashing.handOver("a", "b");
                crashing.faults.restart();
                crashing.faults.crashBefore("", call);
                try {
                    crashing.stepstile.canceller().cancel(Stack.RUN, Stack.START.plusSeconds(20));
                } catch (Faults.Crash expected) {
                    // the sweeper goes on
                }
                crashing.faults.restart();
                crashing.sweepAfter(Duration.ofMinutes(1));
                assertThat(crashing.state("a")).as("call " + call).isEqualTo(Name.CANCELLED);
                assertThat(crashing.state("b")).as("call " + call).isEqualTo(Name.CANCELLED);
            }
        }
    }

    @Test
    void out_of_time_leaves_the_rest_to_the_sweeper() throws InterruptedException {
        stack.handOver("a");
        assertThat(stack.stepstile.canceller().cancel(Stack.RUN, Stack.START.minusSeconds(1)))
                .isEqualTo(counts(Map.of()));
        assertThat(stack.state("a")).isEqualTo(Name.QUEUED);
        stack.sweepAfter(Duration.ofMinutes(1));
        assertThat(stack.state("a")).isEqualTo(Name.CANCELLED);
    }
}
