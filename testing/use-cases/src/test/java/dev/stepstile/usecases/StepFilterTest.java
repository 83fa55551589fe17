package dev.stepstile.usecases;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.stepstile.api.StepResult;
import dev.stepstile.api.TerminalFailure;
import dev.stepstile.codec.Json;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The steps of a run by state, handler, failure, key, tag and time. */
class StepFilterTest {
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

    private void dispatch(String body) throws InterruptedException {
        api.ok(202, "POST", "/v1/runs/r1/dispatches", body);
    }

    private JsonNode list(String query) throws InterruptedException {
        return api.get("/v1/runs/r1/steps?" + query);
    }

    private List<String> keys(String query) throws InterruptedException {
        List<String> keys = new ArrayList<>();
        String cursor = "";
        while (cursor != null) {
            JsonNode page = list(query + "&cursor=" + cursor);
            keys.addAll(page.path("steps").findValuesAsText("key"));
            cursor = page.path("cursor").textValue();
        }
        return keys;
    }

    private static String encoded(String text) {
        return URLEncoder.encode(text, StandardCharsets.UTF_8);
    }

    private void failing(String key, RuntimeException failure) {
        stack.work.on(key, (input, context) -> {
            throw failure;
        });
    }

    /** One step in each state but RUNNING, and a second that has failed otherwise; a minute between the deliveries. */
    private void aRunOfManyStates() throws InterruptedException {
        failing("failed", new TerminalFailure("order 17 not found"));
        failing("failed-too", new TerminalFailure("order 18 not found"));
        failing("dead", new IllegalStateException("order 19 not found"));
        failing("retrying", new IllegalStateException("slow"));
        dispatch("{\"defaults\":{\"handler\":\"work\",\"maxAttempts\":1},\"steps\":["
                + "{\"key\":\"succeeded\"},{\"key\":\"failed\"},{\"key\":\"failed-too\"},{\"key\":\"dead\"},"
                + "{\"key\":\"retrying\",\"maxAttempts\":3,\"retry\":{\"baseSeconds\":3600,\"capSeconds\":3600}}]}");
        stack.time.advance(Duration.ofMinutes(1));
        stack.deliver();
        stack.time.advance(Duration.ofMinutes(1));
        dispatch("{\"steps\":[{\"key\":\"queued\",\"handler\":\"work\"},{\"key\":\"other\",\"handler\":\"other\"}]}");
    }

    @Test
    void several_states_are_listed_with_commas_between_them() throws InterruptedException {
        aRunOfManyStates();
        assertThat(keys("state=DEAD,FAILED")).containsExactly("failed", "failed-too", "dead");
        assertThat(keys("state=QUEUED,RETRYING,CANCELLED")).containsExactly("retrying", "queued", "other");
        assertThat(keys("")).hasSize(7);
    }

    @Test
    void a_step_is_found_by_its_handler_also_by_one_that_a_redrive_gave_it() throws InterruptedException {
        aRunOfManyStates();
        assertThat(keys("handler=other")).containsExactly("other");
        api.ok(200, "POST", "/v1/runs/r1/redrive", "{\"keys\":[\"dead\"],\"overrides\":{\"handler\":\"other\"}}");
        assertThat(keys("handler=other")).containsExactly("dead", "other");
        assertThat(keys("handler=work")).doesNotContain("dead");
    }

    @Test
    void a_step_is_found_by_the_kind_of_its_failure_or_of_its_last_attempt() throws InterruptedException {
        aRunOfManyStates();
        assertThat(keys("kind=HANDLER_FAILED")).containsExactly("dead", "retrying");
        assertThat(keys("kind=TERMINAL_FAILURE&state=FAILED,DEAD")).containsExactly("failed", "failed-too");
        assertThat(keys("kind=TIMEOUT")).isEmpty();
    }

    @Test
    void a_prefix_is_compared_character_by_character_and_nothing_in_it_is_special() throws InterruptedException {
        List<String> all =
                List.of("load[eu]", "load[us]", "load.eu", "loadx", "100%", "%", "*", "a/b", "é", "<script>");
        StringBuilder steps = new StringBuilder();
        all.forEach(key -> steps.append(steps.isEmpty() ? "" : ",")
                .append(Json.print(Json.object().put("key", key).put("handler", "work"))));
        dispatch("{\"steps\":[" + steps + "]}");
        assertThat(keys("prefix=" + encoded("load["))).containsExactly("load[eu]", "load[us]");
        assertThat(keys("prefix=" + encoded("load."))).containsExactly("load.eu");
        assertThat(keys("prefix=" + encoded("%"))).containsExactly("%");
        assertThat(keys("prefix=" + encoded("*"))).containsExactly("*");
        assertThat(keys("prefix=" + encoded("a/"))).containsExactly("a/b");
        assertThat(keys("prefix=" + encoded("é"))).containsExactly("é");
        assertThat(keys("prefix=" + encoded("<"))).containsExactly("<script>");
        assertThat(keys("prefix=" + encoded("LOAD"))).isEmpty();
    }

    @Test
    void a_prefix_finds_nothing_of_another_run() throws InterruptedException {
        dispatch("{\"steps\":[{\"key\":\"a\",\"handler\":\"work\"}]}");
        api.ok(202, "POST", "/v1/runs/r1:2/dispatches", "{\"steps\":[{\"key\":\"ab\",\"handler\":\"work\"}]}");
        assertThat(keys("prefix=a")).containsExactly("a");
    }

    @Test
    void a_step_is_found_by_its_own_tag_and_by_one_of_its_dispatch_however_long_those_are()
            throws InterruptedException {
        String large = "x".repeat(200);
        dispatch("{\"defaults\":{\"handler\":\"work\",\"tags\":{\"team\":\"data\",\"a\":\"" + large + "\",\"b\":\""
                + large
                + "\"}},\"steps\":[{\"key\":\"plain\"},{\"key\":\"own\",\"tags\":{\"team\":\"ops\",\"x=y\":\"1\"}}"
                + "]}");
        assertThat(keys("tag=team=data")).containsExactly("plain");
        assertThat(keys("tag=team=ops")).containsExactly("own");
        assertThat(keys("tag=" + encoded("a=" + large))).containsExactly("plain", "own");
        assertThat(keys("tag=team=")).isEmpty();
    }

    @Test
    void a_span_of_time_includes_its_beginning_and_not_its_end() throws InterruptedException {
        aRunOfManyStates();
        String ended = "2026-11-24T08:01:00Z";
        assertThat(keys("state=SUCCEEDED,FAILED,DEAD&since=" + ended)).hasSize(4);
        assertThat(keys("state=SUCCEEDED,FAILED,DEAD&until=" + ended)).isEmpty();
        assertThat(keys("since=2026-11-24T08:02:00Z&until=2026-11-24T08:02:01Z"))
                .containsExactly("queued", "other");
        assertThat(keys("since=2026-11-24T09:02:00%2B01:00&until=2026-11-24T08:02:01Z"))
                .as("an offset")
                .containsExactly("queued", "other");
    }

    @Test
    void a_running_step_is_found_by_the_time_of_its_claim() throws InterruptedException {
        stack.handOver("a");
        stack.time.advance(Duration.ofMinutes(5));
        stack.crashAfterClaim();
        assertThat(keys("state=RUNNING&since=2026-11-24T08:05:00Z")).containsExactly("a");
        assertThat(keys("state=RUNNING&until=2026-11-24T08:05:00Z")).isEmpty();
    }

    @Test
    void an_ended_step_has_how_long_its_last_attempt_ran_and_a_waiting_one_since_when_it_waits()
            throws InterruptedException {
        stack.work.on("slow", (input, context) -> {
            stack.time.advance(Duration.ofMillis(1_500));
            return StepResult.of(1);
        });
        dispatch("{\"defaults\":{\"handler\":\"work\"},\"steps\":[{\"key\":\"slow\"}]}");
        stack.deliver();
        dispatch(
                "{\"defaults\":{\"handler\":\"work\"},\"steps\":[{\"key\":\"now\"},{\"key\":\"later\",\"notBefore\":60}]}");
        JsonNode steps = list("").path("steps");
        assertThat(steps.path(0).path("durationSeconds").doubleValue()).isEqualTo(1.5);
        assertThat(steps.path(0).has("queuedSince")).isFalse();
        assertThat(steps.path(1).path("queuedSince").asText()).isEqualTo("2026-11-24T08:00:01.500Z");
        assertThat(steps.path(2).path("queuedSince").asText()).isEqualTo("2026-11-24T08:01:01.500Z");
        assertThat(steps.path(1).has("durationSeconds")).isFalse();
    }

    @Test
    void a_step_that_waited_for_a_retry_when_it_was_cancelled_ran_as_long_as_its_attempt() throws InterruptedException {
        aRunOfManyStates();
        stack.time.advance(Duration.ofMinutes(10));
        assertThat(list("state=RETRYING")
                        .path("steps")
                        .path(0)
                        .path("queuedSince")
                        .asText())
                .as("when the pause before its retry is over")
                .isGreaterThan("2026-11-24T08:01:00Z");
        api.ok(200, "POST", "/v1/runs/r1/cancel", null);
        JsonNode cancelled =
                list("state=CANCELLED&prefix=retrying").path("steps").path(0);
        assertThat(cancelled.path("durationSeconds").doubleValue()).isZero();
        assertThat(cancelled.path("finishedAt").asText()).isEqualTo("2026-11-24T08:12:00Z");
    }

    @Test
    void steps_that_are_known_to_have_succeeded_are_not_read_to_find_others() throws InterruptedException {
        String[] keys = new String[1_000];
        for (int i = 0; i < keys.length; i++) {
            keys[i] = "s" + i;
        }
        stack.handOver(keys);
        var batch = stack.receive(10);
        while (!batch.isEmpty()) {
            stack.deliver(batch);
            batch = stack.receive(10);
        }
        stack.dispatch("d2", Stack.step("waits"));
        stack.sweepAfter(stack.timing.sweepEvery());
        stack.faults.restart();
        assertThat(keys("state=QUEUED,RUNNING,RETRYING,DEAD,FAILED")).containsExactly("waits");
        assertThat(stack.faults.calls("store.records")).isEqualTo(1);
        assertThat(keys("state=SUCCEEDED")).hasSize(1_000);
    }

    @Test
    void a_step_that_is_redriven_after_it_was_counted_is_found_in_its_new_state() throws InterruptedException {
        aRunOfManyStates();
        stack.sweepAfter(stack.timing.sweepEvery());
        assertThat(keys("state=RETRYING")).containsExactly("retrying");
        api.ok(200, "POST", "/v1/runs/r1/redrive", "{\"keys\":[\"dead\"]}");
        assertThat(keys("state=RETRYING")).containsExactly("dead", "retrying");
    }

    @Test
    void records_that_a_prefix_or_a_tag_excludes_are_not_read() throws InterruptedException {
        String[] keys = new String[900];
        for (int i = 0; i < keys.length; i++) {
            keys[i] = i + "-s";
        }
        stack.handOver(keys);
        stack.faults.restart();
        assertThat(keys("prefix=899")).containsExactly("899-s");
        assertThat(stack.faults.calls("store.records")).isEqualTo(1);
        stack.faults.restart();
        assertThat(keys("tag=no=such")).isEmpty();
        assertThat(stack.faults.calls("store.records")).isZero();
    }

    @Test
    void what_is_no_filter_is_refused_by_the_name_of_the_parameter() throws InterruptedException {
        stack.handOver("a");
        Map<String, String> refused = Map.ofEntries(
                Map.entry("state=", "bad-state"),
                Map.entry("state=DEAD,", "bad-state"),
                Map.entry("state=dead", "bad-state"),
                Map.entry("handler=" + encoded("a b"), "bad-handler"),
                Map.entry("handler=", "bad-handler"),
                Map.entry("kind=REDRIVEN", "bad-kind"),
                Map.entry("kind=timeout", "bad-kind"),
                Map.entry("prefix=", "bad-prefix"),
                Map.entry("prefix=" + "x".repeat(513), "bad-prefix"),
                Map.entry("prefix=" + encoded("a#"), "bad-prefix"),
                Map.entry("prefix=" + encoded("a\n"), "bad-prefix"),
                Map.entry("tag=team", "bad-tag"),
                Map.entry("tag=a=" + "x".repeat(201), "bad-tag"),
                Map.entry("since=yesterday", "bad-time"),
                Map.entry("since=2026-11-24", "bad-time"),
                Map.entry("until=1795507200", "bad-time"),
                Map.entry("since=2026-11-24T08:00:00Z&until=2026-11-24T08:00:00Z", "bad-time"),
                Map.entry("failure=xyz", "bad-failure"),
                Map.entry("failure=" + encoded("' OR 1=1 --"), "bad-failure"),
                Map.entry("limit=1001", "bad-limit"),
                Map.entry("states=DEAD", "unknown-parameter"));
        for (Map.Entry<String, String> query : refused.entrySet()) {
            String target = "/v1/runs/r1/steps?" + query.getKey();
            assertThat(api.problem("GET", target, null)).as(target).isEqualTo("400 " + query.getValue());
            String field = query.getKey().split("=", 2)[0];
            assertThat(api.call("GET", target, null).body()).as(target).contains("'" + field + "'");
        }
    }

    @Test
    void a_blank_at_the_end_of_a_prefix_is_part_of_it() throws InterruptedException {
        dispatch("{\"defaults\":{\"handler\":\"work\"},\"steps\":[{\"key\":\"load eu\"},{\"key\":\"loadx\"}]}");
        assertThat(keys("prefix=load%20")).containsExactly("load eu");
    }
}
