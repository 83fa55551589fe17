package dev.stepstile.usecases;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.stepstile.api.TerminalFailure;
import dev.stepstile.port.StepQueue.Delivery;
import dev.stepstile.step.RetryPolicy;
import dev.stepstile.usecase.Dispatcher.NewStep;
import dev.stepstile.usecase.FailureGroups;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The failures of a run, grouped by what they have in common. */
class FailuresTest {
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

    private NewStep failing(String key, String message) {
        stack.work.on(key, (input, context) -> {
            throw new TerminalFailure(message);
        });
        return Stack.once(key);
    }

    private NewStep dying(String key, String message) {
        stack.work.on(key, (input, context) -> {
            throw new IllegalStateException(message);
        });
        return Stack.once(key);
    }

    private void deliverBatches() throws InterruptedException {
        var batch = stack.receive(10);
        while (!batch.isEmpty()) {
            stack.deliver(batch);
            batch = stack.receive(10);
        }
    }

    @Test
    void failures_that_differ_in_a_number_alone_are_one_group_with_the_first_three_as_examples()
            throws InterruptedException {
        NewStep[] steps = new NewStep[5];
        for (int i = 0; i < 5; i++) {
            steps[i] = failing("s" + i, "order " + (17 + i) + " not found");
        }
        stack.dispatch("d1", steps);
        stack.time.advance(Duration.ofMinutes(1));
        stack.deliver(stack.receive(3));
        stack.time.advance(Duration.ofMinutes(1));
        stack.dispatch("d2", dying("dead", "order 99 not found"), Stack.step("fine"));
        deliverBatches();

        JsonNode answer = api.get("/v1/runs/r1/failures");
        assertThat(answer.path("readCount").intValue()).isEqualTo(6);
        assertThat(answer.has("cursor")).isFalse();
        assertThat(answer.has("otherCount")).isFalse();
        assertThat(answer.path("failures")).hasSize(2);
        JsonNode group = answer.path("failures").path(0);
        assertThat(group.path("kind").asText()).isEqualTo("TERMINAL_FAILURE");
        assertThat(group.path("handler").asText()).isEqualTo("work");
        assertThat(group.path("message").asText()).contains("order … not found");
        assertThat(group.path("count").intValue()).isEqualTo(5);
        assertThat(group.path("states").toString()).isEqualTo("{\"FAILED\":5}");
        assertThat(group.path("firstAt").asText()).isEqualTo("2026-11-24T08:01:00Z");
        assertThat(group.path("lastAt").asText()).isEqualTo("2026-11-24T08:02:00Z");
        assertThat(group.path("examples").findValuesAsText("key")).containsExactly("s0", "s1", "s2");
        assertThat(group.path("examples").path(1).path("message").asText()).contains("order 18 not found");
        assertThat(group.path("examples").path(1).path("attempt").intValue()).isEqualTo(1);
        assertThat(answer.path("failures").path(1).path("states").toString()).isEqualTo("{\"DEAD\":1}");
    }

    @Test
    void a_group_has_the_times_of_its_first_and_its_last_failure_in_whatever_order_they_are_found()
            throws InterruptedException {
        stack.dispatch("d1", failing("s0", "no"), failing("s1", "no"), failing("s2", "no"));
        for (String key : List.of("s1", "s2", "s0")) {
            stack.time.advance(Duration.ofMinutes(1));
            deliver(key);
        }
        JsonNode group = api.get("/v1/runs/r1/failures").path("failures").path(0);
        assertThat(group.path("examples").findValuesAsText("key")).containsExactly("s0", "s1", "s2");
        assertThat(group.path("firstAt").asText()).isEqualTo("2026-11-24T08:01:00Z");
        assertThat(group.path("lastAt").asText()).isEqualTo("2026-11-24T08:03:00Z");
    }

    private void deliver(String key) throws InterruptedException {
        List<Delivery> seen = stack.receive(10);
        stack.deliver(seen.stream()
                .filter(delivery -> delivery.body().contains("\"" + key + "\""))
                .toList());
        seen.forEach(delivery -> stack.ports.queue().changeVisibility(delivery.receipt(), Duration.ZERO));
    }

    @Test
    void the_steps_of_a_group_are_found_by_its_id() throws InterruptedException {
        stack.dispatch(
                "d1", failing("a1", "order 1 not found"), failing("a2", "order 2 not found"), failing("b", "no"));
        deliverBatches();
        for (JsonNode group : api.get("/v1/runs/r1/failures").path("failures")) {
            JsonNode steps = api.get(
                            "/v1/runs/r1/steps?failure=" + group.path("failure").asText())
                    .path("steps");
            assertThat(steps).hasSize(group.path("count").intValue());
            assertThat(steps.path(0).path("key"))
                    .isEqualTo(group.path("examples").path(0).path("key"));
        }
    }

    @Test
    void a_filter_says_which_failures_are_grouped_also_those_of_steps_that_will_be_retried()
            throws InterruptedException {
        stack.work.on("slow", (input, context) -> {
            throw new IllegalStateException("slow 7");
        });
        stack.dispatch(
                "d1",
                failing("a1", "no"),
                failing("b1", "no"),
                Stack.step("slow", "{}", new RetryPolicy(3, Duration.ofHours(1), Duration.ofHours(1))));
        deliverBatches();
        assertThat(api.get("/v1/runs/r1/failures?prefix=a").path("readCount").intValue())
                .isEqualTo(1);
        JsonNode retried = api.get("/v1/runs/r1/failures?state=RETRYING");
        assertThat(retried.path("readCount").intValue()).isEqualTo(1);
        assertThat(retried.path("failures").path(0).path("message").asText()).contains("slow …");
        for (String time : List.of("firstAt", "lastAt")) {
            assertThat(retried.path("failures").path(0).path(time).asText())
                    .as("when the attempt failed, not when the next one is due")
                    .isEqualTo("2026-11-24T08:00:00Z");
        }
        assertThat(api.get("/v1/runs/r1/failures?state=QUEUED,SUCCEEDED").path("failures"))
                .isEmpty();
    }

    @Test
    void of_more_groups_than_a_page_lists_the_largest_are_listed_and_the_others_are_counted()
            throws InterruptedException {
        List<NewStep> steps = new ArrayList<>();
        for (int i = 0; i < FailureGroups.MOST + 20; i++) {
            String word = "w" + (char) ('a' + i / 26) + (char) ('a' + i % 26);
            steps.add(failing("s" + i, "no " + word));
        }
        steps.add(failing("large1", "no wzz"));
        steps.add(failing("large2", "no wzz"));
        stack.dispatch("d1", steps.toArray(NewStep[]::new));
        deliverBatches();
        JsonNode answer = api.get("/v1/runs/r1/failures");
        assertThat(answer.path("failures")).hasSize(FailureGroups.MOST);
        assertThat(answer.path("failures").path(0).path("count").intValue()).isEqualTo(2);
        assertThat(answer.path("otherCount").intValue()).isEqualTo(21);
        assertThat(answer.path("readCount").intValue()).isEqualTo(122);
    }

    @Test
    void of_a_run_that_takes_long_each_page_groups_its_own_steps_and_the_groups_have_the_same_ids()
            throws InterruptedException {
        NewStep[] steps = new NewStep[2_100];
        for (int i = 0; i < steps.length; i++) {
            steps[i] = i % 700 == 0 ? failing("s" + i, "order " + i + " not found") : Stack.step("s" + i);
        }
        stack.dispatch("d1", steps);
        deliverBatches();
        readSlowly();
        Map<String, Integer> counts = new TreeMap<>();
        String cursor = "";
        int pages = 0;
        while (cursor != null) {
            JsonNode page = api.get("/v1/runs/r1/failures?cursor=" + cursor);
            page.path("failures")
                    .forEach(group -> counts.merge(
                            group.path("failure").asText(), group.path("count").intValue(), Integer::sum));
            cursor = page.path("cursor").textValue();
            pages++;
        }
        assertThat(pages).isEqualTo(3);
        assertThat(counts.values()).containsExactly(3);
    }

    /** From here on, each batch of records that is read takes a second. */
    private void readSlowly() {
        stack.faults.afterNext("store.records", () -> {
            stack.time.advance(Duration.ofSeconds(1));
            readSlowly();
        });
    }

    @Test
    void a_cursor_of_another_run_or_call_and_what_is_no_filter_are_refused() throws InterruptedException {
        stack.dispatch("d1", Stack.step("a"), Stack.step("b"));
        String steps = api.get("/v1/runs/r1/steps?limit=1").path("cursor").asText();
        for (String query : List.of("cursor=" + steps, "cursor=x")) {
            assertThat(api.problem("GET", "/v1/runs/r1/failures?" + query, null))
                    .isEqualTo("400 bad-cursor");
        }
        assertThat(api.problem("GET", "/v1/runs/r1/failures?kind=ANY", null)).isEqualTo("400 bad-kind");
        assertThat(api.problem("GET", "/v1/runs/r1/failures?limit=3", null)).isEqualTo("400 unknown-parameter");
        assertThat(api.problem("GET", "/v1/runs/nobody/failures", null)).isEqualTo("404 run-not-found");
        assertThat(api.problem("POST", "/v1/runs/r1/failures", null)).isEqualTo("405 method-not-allowed");
    }
}
