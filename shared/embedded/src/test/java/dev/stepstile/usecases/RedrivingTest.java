package dev.stepstile.usecases;

import static org.assertj.core.api.Assertions.assertThat;

import dev.stepstile.api.StepResult;
import dev.stepstile.api.TerminalFailure;
import dev.stepstile.protocol.Count;
import dev.stepstile.step.Run;
import dev.stepstile.step.StepRecord;
import dev.stepstile.step.StepState.Name;
import java.nio.file.Path;
import java.time.Duration;
import java.util.EnumSet;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A redrive. */
class RedrivingTest {
    private static final Set<Name> ENDED = EnumSet.of(Name.FAILED, Name.DEAD, Name.CANCELLED);

    @TempDir
    Path folder;

    private Stack stack;

    @BeforeEach
    void open() throws InterruptedException {
        stack = new Stack(folder);
        prepare(stack);
    }

    @AfterEach
    void close() {
        stack.close();
    }

    /** One step succeeded, one failed, one is dead and buried; their dispatch is closed. */
    private static void prepare(Stack stack) throws InterruptedException {
        stack.work.on("failed", (input, context) -> {
            if (context.attempt() == 1) {
                throw new TerminalFailure("no");
            }
            return StepResult.none();
        });
        stack.work.on("dead", (input, context) -> {
            if (context.attempt() < 3) {
                throw new IllegalStateException("no");
            }
            return StepResult.none();
        });
        stack.dispatch("d1", Stack.step("good"), Stack.step("failed"), Stack.once("dead"));
        stack.deliver();
        stack.recover(3);
    }

    private int redrive(Stack stack, Set<Name> states, String... keys) throws InterruptedException {
        Run run = stack.ports.store().run(Stack.RUN).orElseThrow();
        return stack.stepstile
                .redriving()
                .redrive(run, states, Set.of(keys), stack.time.instant().plusSeconds(30));
    }

    @Test
    void runs_what_ended_without_success_again_with_a_fresh_budget_and_leaves_successes() throws InterruptedException {
        StepRecord good = stack.record("good");
        assertThat(stack.dispatched("d1").closed()).isTrue();
        assertThat(redrive(stack, ENDED)).isEqualTo(2);
        assertThat(stack.state("failed")).isEqualTo(Name.RETRYING);
        assertThat(stack.dispatched("d1").closed()).isFalse();
        stack.deliverAll();
        assertThat(stack.state("failed")).isEqualTo(Name.SUCCEEDED);
        assertThat(stack.state("dead")).as("a budget of one, spent again").isEqualTo(Name.DEAD);
        assertThat(stack.record("dead").attempt()).isEqualTo(2);
        assertThat(redrive(stack, ENDED)).isEqualTo(1);
        stack.deliverAll();
        assertThat(stack.state("dead")).isEqualTo(Name.SUCCEEDED);
        assertThat(stack.record("good")).isEqualTo(good);
        stack.recover(10);
        assertThat(stack.dispatched("d1").closed()).isTrue();
        assertThat(stack.dispatched("d1").counts()).containsEntry(Name.SUCCEEDED, 3);
        assertThat(stack.count(Count.STEPS_REDRIVEN)).isEqualTo(3);
    }

    @Test
    void made_twice_finds_nothing_the_second_time() throws InterruptedException {
        assertThat(redrive(stack, ENDED)).isEqualTo(2);
        assertThat(redrive(stack, ENDED)).isZero();
        stack.deliverAll();
        assertThat(stack.work.started()).hasSize(5);
    }

    @Test
    void takes_only_the_states_and_keys_that_were_asked_for() throws InterruptedException {
        assertThat(redrive(stack, EnumSet.of(Name.CANCELLED))).isZero();
        assertThat(redrive(stack, EnumSet.of(Name.FAILED), "dead", "good")).isZero();
        assertThat(redrive(stack, EnumSet.of(Name.SUCCEEDED)))
                .as("refused by the record")
                .isZero();
        assertThat(redrive(stack, ENDED, "failed")).isEqualTo(1);
        assertThat(stack.state("dead")).isEqualTo(Name.DEAD);
    }

    @Test
    void of_a_cancelled_step_is_not_cancelled_again_by_the_same_cancel() throws InterruptedException {
        stack.dispatch("d2", Stack.step("c"));
        stack.stepstile.cancelling().cancel(Stack.RUN, stack.time.instant().plusSeconds(20));
        assertThat(stack.state("c")).isEqualTo(Name.CANCELLED);
        assertThat(redrive(stack, ENDED, "c")).isEqualTo(1);
        stack.sweepAfter(Duration.ofMinutes(1));
        assertThat(stack.state("c")).isEqualTo(Name.RETRYING);
        stack.deliverAll();
        assertThat(stack.state("c")).isEqualTo(Name.SUCCEEDED);
    }

    /** Design, rule 4: the dispatch is reopened before a record is touched, so the sweeper goes on whatever happens. */
    @Test
    void that_crashes_anywhere_is_finished_by_the_sweeper() throws Exception {
        int most = 0;
        for (int call = 0; call < 12; call++) {
            try (Stack crashing = new Stack(folder.resolve("" + call))) {
                prepare(crashing);
                crashing.faults.restart();
                crashing.faults.crashBefore("", call);
                try {
                    redrive(crashing, ENDED, "failed");
                } catch (Faults.Crash expected) {
                    most = Math.max(most, call);
                }
                crashing.faults.restart();
                boolean redriven = crashing.state("failed") == Name.RETRYING;
                crashing.recover(20);
                String where = "before call " + call;
                assertThat(crashing.state("failed")).as(where).isEqualTo(redriven ? Name.SUCCEEDED : Name.FAILED);
                assertThat(crashing.dispatched("d1").closed()).as(where).isTrue();
            }
        }
        assertThat(most).as("the last call of a redrive was tried").isBetween(3, 10);
    }
}
