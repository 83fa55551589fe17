package dev.stepstile.usecases;

import static org.assertj.core.api.Assertions.assertThat;

import dev.stepstile.api.StepResult;
import dev.stepstile.api.TerminalFailure;
import dev.stepstile.port.StepQueue.Delivery;
import dev.stepstile.step.FailedAttempt;
import dev.stepstile.step.RetryPolicy;
import dev.stepstile.step.Run;
import dev.stepstile.step.StepError;
import dev.stepstile.step.StepOverrides;
import dev.stepstile.step.StepRecord;
import dev.stepstile.step.StepState.Name;
import dev.stepstile.usecase.Dispatcher.NewStep;
import dev.stepstile.usecase.Metric;
import dev.stepstile.usecase.Redriver;
import dev.stepstile.usecase.Tasks;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A redrive. */
class RedriverTest {
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
                .redriver()
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
        assertThat(stack.count(Metric.STEPS_REDRIVEN)).isEqualTo(3);
    }

    @Test
    void made_twice_finds_nothing_the_second_time() throws InterruptedException {
        assertThat(redrive(stack, ENDED)).isEqualTo(2);
        assertThat(redrive(stack, ENDED)).isZero();
        stack.deliverAll();
        assertThat(stack.work.started()).hasSize(5);
    }

    private static Redriver.Request call(String redriveId, String... keys) {
        return new Redriver.Request(ENDED, Set.of(keys), StepOverrides.NONE, null, redriveId);
    }

    private Redriver.Answer redrive(Redriver.Request request) throws InterruptedException {
        Run run = stack.ports.store().run(Stack.RUN).orElseThrow();
        return stack.stepstile
                .redriver()
                .redrive(run, request, stack.time.instant().plusSeconds(30));
    }

    private static Redriver.Answer answer(int redriven, boolean replayed) {
        return new Redriver.Answer.Redriven(redriven, List.of(), List.of(), replayed);
    }

    @Test
    void that_has_a_name_is_another_one_where_the_same_letters_are_other_keys() throws InterruptedException {
        redrive(call("once", "a, b"));
        assertThat(redrive(call("once", "a", "b"))).isEqualTo(new Redriver.Answer.Conflict("once"));
    }

    @Test
    void that_has_a_name_is_one_redrive_however_often_it_is_made() throws InterruptedException {
        assertThat(redrive(call("once"))).isEqualTo(answer(2, false));
        stack.deliverAll();
        assertThat(stack.state("dead")).as("dead again").isEqualTo(Name.DEAD);
        assertThat(redrive(call("once"))).isEqualTo(answer(2, true));
        assertThat(stack.state("dead")).as("and not charged twice").isEqualTo(Name.DEAD);
        assertThat(redrive(call("twice"))).isEqualTo(answer(1, false));
        assertThat(stack.state("dead")).isEqualTo(Name.RETRYING);
        assertThat(redrive(call("once", "dead"))).isEqualTo(new Redriver.Answer.Conflict("once"));
    }

    @Test
    void that_has_a_name_and_crashes_anywhere_redrives_each_step_once_when_it_is_made_again() throws Exception {
        int most = 0;
        for (int at = 0; at < 14; at++) {
            try (Stack crashing = new Stack(folder.resolve("named" + at))) {
                prepare(crashing);
                crashing.faults.restart();
                crashing.faults.crashBefore("", at);
                Run run = crashing.ports.store().run(Stack.RUN).orElseThrow();
                Instant deadline = crashing.time.instant().plusSeconds(30);
                try {
                    crashing.stepstile.redriver().redrive(run, call("once", "failed", "dead"), deadline);
                } catch (Faults.Crash expected) {
                    most = Math.max(most, at);
                }
                crashing.faults.restart();
                crashing.deliverAll();
                crashing.recover(3);
                String where = "before call " + at;
                assertThat(crashing.stepstile.redriver().redrive(run, call("once", "failed", "dead"), deadline))
                        .as(where)
                        .isInstanceOfSatisfying(
                                Redriver.Answer.Redriven.class,
                                answer -> assertThat(answer.redriven()).isEqualTo(2));
                crashing.recover(5);
                assertThat(crashing.record("dead").attempt()).as(where).isEqualTo(2);
                assertThat(crashing.record("failed").attempt()).as(where).isEqualTo(2);
            }
        }
        assertThat(most).as("the last call of a redrive was tried").isBetween(5, 12);
    }

    /** Eight callers at once: each step is counted by the one whose write redrove it. */
    @Test
    void made_by_many_at_once_counts_each_step_once() throws Exception {
        NewStep[] steps =
                IntStream.range(0, 8).mapToObj(i -> Stack.once("x" + i)).toArray(NewStep[]::new);
        for (int i = 0; i < 8; i++) {
            stack.work.on("x" + i, (input, context) -> {
                throw new TerminalFailure("no");
            });
        }
        stack.dispatch("d8", steps);
        stack.deliver();
        stack.recover(3);
        assertThat(stack.state("x7")).isEqualTo(Name.FAILED);
        String[] keys = IntStream.range(0, 8).mapToObj(i -> "x" + i).toArray(String[]::new);
        List<Tasks.Task<Integer>> calls = new ArrayList<>();
        for (int i = 0; i < 8; i++) {
            calls.add(stack.time.fork("redrive", () -> redrive(stack, ENDED, keys)));
        }
        int all = 0;
        for (Tasks.Task<Integer> call : calls) {
            all += call.join();
        }
        assertThat(all).isEqualTo(8);
    }

    @Test
    void names_the_keys_that_no_step_of_the_run_has() throws InterruptedException {
        assertThat(redrive(call("once", "failed", "faild", "good")))
                .isEqualTo(new Redriver.Answer.Redriven(1, List.of("faild"), List.of(), false));
    }

    @Test
    void with_overrides_gives_the_fresh_budget_other_settings_whatever_the_message_says() throws InterruptedException {
        List<String> seen = new ArrayList<>();
        stack.work.on("late", (input, context) -> {
            seen.add(input.json() + " " + Duration.between(stack.time.instant(), context.deadline()));
            throw new IllegalStateException("no");
        });
        stack.dispatch("d2", Stack.step("late", "{\"n\":1}", new RetryPolicy(1, Duration.ZERO, Duration.ZERO)));
        List<Delivery> old = stack.receive(1);
        stack.deliver(old);
        assertThat(stack.state("late")).isEqualTo(Name.DEAD);
        Redriver.Request changed = new Redriver.Request(
                ENDED,
                Set.of("late"),
                new StepOverrides(null, StepOverrides.Retries.of(2), Duration.ofMinutes(10), null),
                "{\"n\":2}",
                "raise");
        assertThat(redrive(changed)).isEqualTo(answer(1, false));
        FailedAttempt note = stack.record("late").history().getLast();
        assertThat(note.cause()).isEqualTo(StepError.Kind.REDRIVEN);
        assertThat(note.message())
                .isEqualTo("Redriven with maxAttempts 1 -> 2, timeoutSeconds 300 -> 600, another input, by raise.");
        stack.receive(1); // the new message is lost; the one of before the redrive comes again
        stack.execute(old);
        stack.time.advance(Duration.ofMinutes(10)); // or a sweep sends it
        stack.sweepAfter(Duration.ofMinutes(1));
        stack.deliverAll();
        assertThat(seen).containsExactly("{\"n\":1} PT5M", "{\"n\":2} PT10M", "{\"n\":2} PT10M");
        assertThat(stack.state("late")).isEqualTo(Name.DEAD);
        assertThat(stack.ports.deadLetters().peek(10))
                .as("the letter says what the step was tried with")
                .anyMatch(deadLetter ->
                        deadLetter.contains("\"timeoutMillis\":600000") && deadLetter.contains("{\"n\":2}"));
        assertThat(redrive(call("again", "late"))).isEqualTo(answer(1, false));
        stack.deliverAll();
        assertThat(seen).last().isEqualTo("{\"n\":2} PT10M");
        assertThat(stack.record("late").settings().retry().maxAttempts()).isEqualTo(2);
    }

    @Test
    void with_another_handler_runs_that_one() throws InterruptedException {
        NewStep wrong = new NewStep("wrong", "wrok", "{}", RetryPolicy.DEFAULT, Duration.ofMinutes(5), new TreeMap<>());
        stack.dispatch("d2", wrong);
        stack.deliver();
        assertThat(stack.state("wrong")).isEqualTo(Name.FAILED);
        redrive(new Redriver.Request(
                ENDED, Set.of("wrong"), new StepOverrides("work", StepOverrides.Retries.NONE, null, null), null, null));
        stack.deliverAll();
        assertThat(stack.state("wrong")).isEqualTo(Name.SUCCEEDED);
        assertThat(stack.record("wrong").settings().handler()).isEqualTo("work");
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
        stack.stepstile.canceller().cancel(Stack.RUN, stack.time.instant().plusSeconds(20));
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
