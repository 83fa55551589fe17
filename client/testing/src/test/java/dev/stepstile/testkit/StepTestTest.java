package dev.stepstile.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.stepstile.api.RetryAfter;
import dev.stepstile.api.StepResult;
import dev.stepstile.api.TerminalFailure;
import dev.stepstile.testkit.AttemptOutcome.Progress;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class StepTestTest {
    record Sum(int a, int b) {}

    private static StepTest of(Given.Work work) {
        return StepTest.of(new Given(work));
    }

    @Test
    void a_handler_gets_its_input_by_JSON_and_its_result_comes_back_by_JSON() throws Exception {
        StepOutcome outcome = of((input, context) -> {
                    Sum sum = input.as(Sum.class);
                    return StepResult.of(Map.of("sum", sum.a() + sum.b()));
                })
                .input(new Sum(3, 4))
                .run();
        assertThat(outcome.assertSucceeded().resultJson()).isEqualTo("{\"sum\":7}");
        assertThat(outcome.result(Object.class)).isEqualTo(Map.of("sum", 7));
    }

    @Test
    void an_input_of_another_type_fails_as_it_does_when_deployed() throws Exception {
        StepOutcome outcome = of((input, context) -> StepResult.of(input.as(Sum.class)))
                .inputJson("{\"a\": \"three\"}")
                .run();
        assertThat(outcome.assertFailed().error()).contains("The input is not a Sum");
    }

    @Test
    void a_result_that_is_not_JSON_fails_the_step() throws Exception {
        StepOutcome outcome =
                of((input, context) -> StepResult.ofJson("{\"sum\": ")).run();
        assertThat(outcome.assertFailed().error()).containsIgnoringCase("json");
        assertThat(outcome.handlerStarts()).isEqualTo(1);
    }

    @Test
    void a_result_of_a_few_megabytes_is_read_in_pieces() throws Exception {
        String large = "x".repeat(7_000_000);
        assertThat(of((input, context) -> StepResult.of(large)).run().result(String.class))
                .isEqualTo(large);
    }

    @Test
    void a_handler_sees_the_trace_in_which_its_step_is_dispatched() throws Exception {
        String parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        assertThat(of((input, context) -> StepResult.of(context.traceparent().orElse("none")))
                        .traceparent(parent)
                        .run()
                        .resultJson())
                .isEqualTo("\"" + parent + "\"");
        assertThat(of((input, context) -> StepResult.of(context.traceparent().orElse("none")))
                        .run()
                        .resultJson())
                .isEqualTo("\"none\"");
    }

    @Test
    void a_handler_sees_key_tags_tenant_shared_inputs_attempt_and_deadline() throws Exception {
        StepOutcome outcome = of((input, context) -> StepResult.of(List.of(
                        context.stepKey(),
                        context.tags().get("region"),
                        context.tenant(),
                        input.sharedAs("plan", Sum.class).b(),
                        context.attempt(),
                        context.deadline().isAfter(Instant.now().plusSeconds(500)))))
                .key("load[eu]")
                .tag("region", "eu")
                .tenant("acme")
                .sharedInput("plan", new Sum(1, 2))
                .timeout(Duration.ofMinutes(10))
                .run();
        assertThat(outcome.resultJson()).isEqualTo("[\"load[eu]\",\"eu\",\"acme\",2,1,true]");
    }

    /** The test's own time limit is two minutes. */
    @Test
    void a_retry_after_ten_minutes_takes_no_time() throws Exception {
        StepOutcome outcome = of((input, context) -> {
                    if (context.attempt() == 1) {
                        throw new RetryAfter(Duration.ofMinutes(10), "not yet");
                    }
                    return StepResult.of(context.attempt());
                })
                .run();
        assertThat(outcome.assertSucceeded().result(Integer.class)).isEqualTo(2);
        assertThat(outcome.took()).isBetween(Duration.ofMinutes(10), Duration.ofMinutes(11));
        assertThat(outcome.attempts().getFirst().message()).contains("not yet");
    }

    @Test
    void a_retry_after_twelve_hours_takes_no_time() throws Exception {
        StepOutcome outcome = of((input, context) -> {
                    if (context.attempt() == 1) {
                        throw new RetryAfter(Duration.ofHours(12), "tomorrow");
                    }
                    return StepResult.none();
                })
                .run();
        assertThat(outcome.took()).isGreaterThanOrEqualTo(Duration.ofHours(12));
        assertThat(outcome.resultJson()).isEqualTo("null");
    }

    @Test
    void a_handler_that_always_throws_spends_its_budget_and_is_dead() throws Exception {
        StepOutcome outcome = of((input, context) -> {
                    throw new IllegalStateException("attempt " + context.attempt());
                })
                .maxAttempts(4)
                .backoff(Duration.ofMinutes(1), Duration.ofMinutes(5))
                .run();
        assertThat(outcome.assertDead().handlerStarts()).isEqualTo(4);
        assertThat(outcome.attempts())
                .hasSize(4)
                .allSatisfy(attempt -> assertThat(attempt.message()).contains("attempt " + attempt.number()));
        assertThat(outcome.error()).startsWith("HANDLER_FAILED: ").contains("attempt 4");
        assertThatThrownBy(outcome::resultJson)
                .isInstanceOf(AssertionError.class)
                .hasMessageContaining("The step is DEAD, and not SUCCEEDED.")
                .hasMessageContaining("attempt 4");
    }

    @Test
    void a_step_with_a_delay_begins_after_it_and_takes_no_time() throws Exception {
        StepOutcome outcome = of((input, context) -> StepResult.none())
                .notBefore(Duration.ofHours(30))
                .run();
        assertThat(outcome.assertSucceeded().took()).isBetween(Duration.ofHours(30), Duration.ofHours(31));
        assertThat(outcome.handlerStarts()).isEqualTo(1);
    }

    @Test
    void a_step_that_would_be_retried_after_its_deadline_has_failed() throws Exception {
        StepOutcome outcome = of((input, context) -> {
                    throw new RetryAfter(Duration.ofHours(2), "not yet");
                })
                .deadline(Duration.ofHours(3))
                .run();
        assertThat(outcome.assertFailed().error()).startsWith("DEADLINE: ").contains("not yet");
        assertThat(outcome.handlerStarts()).isEqualTo(2);
    }

    @Test
    void a_handler_that_waits_at_its_deadline_is_interrupted() throws Exception {
        StepOutcome outcome = of((input, context) -> {
                    Thread.sleep(Duration.ofMinutes(10));
                    return StepResult.none();
                })
                .timeout(Duration.ofMinutes(14))
                .deadline(Duration.ofMinutes(5))
                .clockForward(Moment.waiting(), Duration.ofMinutes(6))
                .run();
        assertThat(outcome.assertFailed().error()).startsWith("DEADLINE: ");
    }

    @Test
    void a_failure_that_is_not_to_be_retried_fails_the_step() throws Exception {
        StepTest test = of((input, context) -> {
                    throw new IllegalStateException("card declined");
                })
                .retryNever("IllegalStateException")
                .backoff(Duration.ZERO, Duration.ZERO);
        assertThat(test.run().assertFailed().error()).contains("retry.never names IllegalStateException");
        assertThat(of((input, context) -> {
                            throw new IllegalStateException("card declined");
                        })
                        .retryOn("TIMEOUT", "java.io.IOException")
                        .run()
                        .assertFailed()
                        .error())
                .contains("retry.on does not name it");
    }

    @Test
    void a_terminal_failure_is_not_retried() throws Exception {
        StepOutcome outcome = of((input, context) -> {
                    throw new TerminalFailure("no such image");
                })
                .run();
        assertThat(outcome.assertFailed().attempts()).hasSize(1);
        assertThat(outcome.error()).contains("no such image");
    }

    @Test
    void what_a_handler_prints_logs_and_reports_is_kept_with_its_attempt() throws Exception {
        StepOutcome outcome = of((input, context) -> {
                    System.out.println("printed in attempt " + context.attempt());
                    context.log("logged in attempt " + context.attempt());
                    context.progress(0.5, "half of " + context.attempt());
                    if (context.attempt() == 1) {
                        throw new IllegalStateException("once more");
                    }
                    return StepResult.none();
                })
                .run();
        assertThat(outcome.output()).containsExactly("printed in attempt 2", "logged in attempt 2");
        assertThat(outcome.progress()).containsExactly(new Progress(0.5, "half of 2"));
        assertThat(outcome.attempts().getFirst().output())
                .startsWith("printed in attempt 1", "logged in attempt 1")
                .anyMatch(line -> line.contains("IllegalStateException: once more"));
        assertThat(outcome.toString()).contains("| printed in attempt 1", "progress 0.5 half of 1");
    }

    @Test
    void a_setting_that_the_API_refuses_is_refused_with_its_sentence() {
        assertThatThrownBy(() -> of((input, context) -> StepResult.none())
                        .maxAttempts(101)
                        .run())
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("'maxAttempts' must be a whole number from 1 to 100");
        assertThatThrownBy(() -> of((input, context) -> StepResult.none()).inputJson("{"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith("This value is not JSON");
    }
}
