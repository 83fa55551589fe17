package dev.stepstile.usecases;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.stepstile.api.RetryAfter;
import dev.stepstile.api.StepResult;
import dev.stepstile.codec.Json;
import dev.stepstile.step.StepState.Name;
import dev.stepstile.usecase.Tasks;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A cancel of some steps of a run, a redrive by a filter, and what they would do. */
class StepsCancellerTest {
    @TempDir
    Path folder;

    private Stack stack;
    private Api api;

    @BeforeEach
    void open() {
        stack = new Stack(folder);
        api = new Api(stack);
    }

    @AfterEach
    void close() {
        stack.close();
    }

    private JsonNode cancel(String body) throws InterruptedException {
        return api.ok(200, "POST", "/v1/runs/r1/cancel", body);
    }

    private JsonNode redrive(String body) throws InterruptedException {
        return api.ok(200, "POST", "/v1/runs/r1/redrive", body);
    }

    private static JsonNode json(String text) {
        return Json.parse(text);
    }

    /** One step waits to be tried again, one runs, one is queued, and one has ended. */
    private Tasks.Task<List<String>> oneOfEach() throws InterruptedException {
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
        stack.dispatch("d3", Stack.step("queued"), Stack.step("other"));
        return worker;
    }

    @Test
    void ends_what_waits_and_asks_what_runs_to_stop_and_leaves_the_others_and_the_run() throws InterruptedException {
        Tasks.Task<List<String>> worker = oneOfEach();
        assertThat(cancel("{\"keys\":[\"done\",\"retrying\",\"running\",\"queued\",\"nobody\"]}"))
                .isEqualTo(json(
                        "{\"cancelledCount\":2,\"stoppingCount\":1,\"unknownKeys\":[\"nobody\"],\"complete\":true}"));
        assertThat(stack.state("done")).isEqualTo(Name.SUCCEEDED);
        assertThat(stack.state("retrying")).isEqualTo(Name.CANCELLED);
        assertThat(stack.state("queued")).isEqualTo(Name.CANCELLED);
        assertThat(stack.state("other")).isEqualTo(Name.QUEUED);
        stack.time.advance(Duration.ofSeconds(20));
        worker.join();
        assertThat(stack.state("running")).isEqualTo(Name.CANCELLED);
        assertThat(api.get("/v1/runs/r1").path("cancelled").booleanValue()).isFalse();
        stack.dispatch("d4", Stack.step("later"));
        stack.recover(3);
        assertThat(stack.state("other")).isEqualTo(Name.SUCCEEDED);
        assertThat(stack.state("later")).isEqualTo(Name.SUCCEEDED);
    }

    @Test
    void that_is_repeated_changes_nothing_more() throws InterruptedException {
        Tasks.Task<List<String>> worker = oneOfEach();
        cancel("{\"keys\":[\"running\",\"queued\"]}");
        assertThat(cancel("{\"keys\":[\"running\",\"queued\"]}"))
                .isEqualTo(json("{\"cancelledCount\":0,\"stoppingCount\":0,\"unknownKeys\":[],\"complete\":true}"));
        stack.time.advance(Duration.ofSeconds(20));
        worker.join();
    }

    @Test
    void by_states_or_by_a_filter_takes_those_alone() throws InterruptedException {
        Tasks.Task<List<String>> worker = oneOfEach();
        assertThat(cancel("{\"states\":[\"RETRYING\"]}"))
                .isEqualTo(json("{\"cancelledCount\":1,\"stoppingCount\":0,\"complete\":true}"));
        assertThat(stack.state("queued")).isEqualTo(Name.QUEUED);
        assertThat(cancel("{\"filter\":{\"prefix\":\"oth\"}}"))
                .isEqualTo(json("{\"cancelledCount\":1,\"stoppingCount\":0,\"complete\":true}"));
        assertThat(stack.state("other")).isEqualTo(Name.CANCELLED);
        assertThat(stack.state("queued")).isEqualTo(Name.QUEUED);
        assertThat(cancel("{\"filter\":{\"handler\":\"none\"}}")
                        .path("cancelledCount")
                        .intValue())
                .isZero();
        cancel("{}");
        stack.time.advance(Duration.ofSeconds(20));
        worker.join();
    }

    @Test
    void whose_step_is_redriven_runs_it_again() throws InterruptedException {
        stack.handOver("a");
        cancel("{\"keys\":[\"a\"]}");
        stack.deliverAll();
        assertThat(stack.state("a")).isEqualTo(Name.CANCELLED);
        redrive("{\"keys\":[\"a\"]}");
        stack.deliverAll();
        assertThat(stack.state("a")).isEqualTo(Name.SUCCEEDED);
    }

    @Test
    void that_is_dry_says_which_keys_no_step_has() throws InterruptedException {
        stack.dispatch("d", Stack.step("a"));
        assertThat(cancel("{\"keys\":[\"a\",\"nobody\"],\"dryRun\":true}"))
                .isEqualTo(json("{\"dryRun\":true,\"counts\":{\"QUEUED\":1},\"examples\":[\"a\"],"
                        + "\"unknownKeys\":[\"nobody\"],\"complete\":true}"));
        assertThat(redrive("{\"keys\":[\"nobody\"],\"dryRun\":true}"))
                .isEqualTo(json("{\"dryRun\":true,\"counts\":{},\"examples\":[],"
                        + "\"unknownKeys\":[\"nobody\"],\"complete\":true}"));
    }

    @Test
    void of_a_step_that_two_dispatches_name_counts_it_once() throws InterruptedException {
        stack.dispatch("d1", Stack.step("both"), Stack.step("one"));
        stack.dispatch("d2", Stack.step("both"));
        assertThat(cancel("{\"states\":[\"QUEUED\"],\"dryRun\":true}"))
                .isEqualTo(
                        json(
                                "{\"dryRun\":true,\"counts\":{\"QUEUED\":2},\"examples\":[\"both\",\"one\"],\"complete\":true}"));
        assertThat(cancel("{\"keys\":[\"both\"]}").path("cancelledCount").intValue())
                .isEqualTo(1);
        stack.recover(3);
        assertThat(stack.ports.store().dispatches(Stack.RUN)).allMatch(dispatch -> dispatch.closed());
    }

    @Test
    void whose_time_is_over_says_so_and_goes_on_when_it_is_repeated() throws InterruptedException {
        stack.handOver("a", "b", "c");
        stack.faults.afterNext("store.records", () -> stack.time.advance(Duration.ofMinutes(1)));
        JsonNode first = cancel("{\"states\":[\"QUEUED\"]}");
        assertThat(first.path("complete").booleanValue()).isFalse();
        JsonNode second = cancel("{\"states\":[\"QUEUED\"]}");
        assertThat(second.path("complete").booleanValue()).isTrue();
        assertThat(first.path("cancelledCount").intValue()
                        + second.path("cancelledCount").intValue())
                .isEqualTo(3);
    }

    @Test
    void that_the_table_does_not_take_is_not_complete() throws InterruptedException {
        stack.handOver("a");
        stack.faults.fail("store.write");
        assertThat(cancel("{\"keys\":[\"a\"]}"))
                .isEqualTo(json("{\"cancelledCount\":0,\"stoppingCount\":0,\"unknownKeys\":[],\"complete\":false}"));
        assertThat(stack.hasRecord("a")).isFalse();
    }

    @Test
    void that_is_dry_changes_nothing() throws InterruptedException {
        stack.handOver("a", "b");
        assertThat(cancel("{\"dryRun\":true}"))
                .isEqualTo(json(
                        "{\"dryRun\":true,\"counts\":{\"QUEUED\":2},\"examples\":[\"a\",\"b\"],\"complete\":true}"));
        assertThat(stack.hasRecord("a")).isFalse();
        assertThat(api.get("/v1/runs/r1").path("cancelled").booleanValue()).isFalse();
    }

    @Test
    void has_a_redrive_beside_it_that_takes_what_a_filter_selects() throws InterruptedException {
        for (String key : List.of("slow-1", "slow-2", "broken")) {
            stack.work.on(key, (input, context) -> {
                throw new IllegalStateException(key.startsWith("slow") ? "too slow" : "broken");
            });
        }
        stack.dispatch("d1", Stack.once("slow-1"), Stack.once("slow-2"), Stack.once("broken"));
        stack.deliverAll();
        assertThat(redrive("{\"filter\":{\"prefix\":\"slow\"},\"dryRun\":true}"))
                .isEqualTo(
                        json(
                                "{\"dryRun\":true,\"counts\":{\"DEAD\":2},\"examples\":[\"slow-1\",\"slow-2\"],\"complete\":true}"));
        assertThat(stack.state("slow-1")).isEqualTo(Name.DEAD);
        String call = "{\"redriveId\":\"fixed\",\"filter\":{\"prefix\":\"slow\"}}";
        assertThat(redrive(call).path("redrivenCount").intValue()).isEqualTo(2);
        assertThat(redrive(call).path("replayed").booleanValue()).isTrue();
        assertThat(api.problem(
                        "POST", "/v1/runs/r1/redrive", "{\"redriveId\":\"fixed\",\"filter\":{\"prefix\":\"slo\"}}"))
                .isEqualTo("409 redrive-conflict");
        assertThat(stack.state("broken")).isEqualTo(Name.DEAD);
        stack.work.on("slow-1", (input, context) -> StepResult.none());
        stack.deliverAll();
        assertThat(stack.state("slow-1")).isEqualTo(Name.SUCCEEDED);
    }
}
