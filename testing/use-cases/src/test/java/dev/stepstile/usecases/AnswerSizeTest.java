package dev.stepstile.usecases;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.stepstile.api.StepResult;
import dev.stepstile.codec.Json;
import dev.stepstile.step.Limits;
import dev.stepstile.usecase.RunQueries;
import dev.stepstile.usecase.StepFilter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Every answer can be sent: Lambda takes 6 MiB of it, with the body as a string of JSON. */
class AnswerSizeTest {
    private static final int LAMBDA_BYTES = 6 * 1024 * 1024;

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

    /** What Lambda is handed for an answer. */
    private static int sent(String body) {
        return Json.print(Json.object().put("statusCode", 200).put("body", body))
                .getBytes(StandardCharsets.UTF_8)
                .length;
    }

    private JsonNode get(String target) throws InterruptedException {
        String body = api.call("GET", target, null).body();
        assertThat(sent(body)).as(target).isLessThan(LAMBDA_BYTES);
        return Json.parse(body);
    }

    /** Results that are inline, as they compress, of quotes: 1,000 of them are 8 MB as they are sent. */
    private void finish(int steps, int quotes) throws InterruptedException {
        StringBuilder body = new StringBuilder("{\"defaults\":{\"handler\":\"work\",\"maxAttempts\":1},\"steps\":[");
        String json = "[" + "\"\",".repeat(quotes) + "0]";
        for (int i = 0; i < steps; i++) {
            String key = "s" + i;
            stack.work.on(key, (given, context) -> StepResult.ofJson(json));
            body.append(i == 0 ? "" : ",").append("{\"key\":\"").append(key).append("\"}");
        }
        api.ok(202, "POST", "/v1/runs/r1/dispatches", body.append("]}").toString());
        var batch = stack.receive(10);
        while (!batch.isEmpty()) {
            stack.deliver(batch);
            batch = stack.receive(10);
        }
    }

    @Test
    void a_feed_of_results_comes_in_pieces_and_misses_none() throws InterruptedException {
        finish(1_200, 1_300);
        Set<String> seen = new TreeSet<>();
        String cursor = "";
        int calls = 0;
        JsonNode page;
        do {
            page = get("/v1/runs/r1/feed?limit=1000&cursor=" + cursor);
            page.path("entries").forEach(entry -> seen.add(entry.path("key").asText()));
            assertThat(page.path("cursor").asText()).isNotEqualTo(cursor);
            cursor = page.path("cursor").asText();
            calls++;
        } while (!page.path("caughtUp").asBoolean());
        assertThat(seen).hasSize(1_200);
        assertThat(calls).isGreaterThan(1);
    }

    @Test
    void a_result_that_is_mostly_quotes_is_not_in_the_answer() throws InterruptedException {
        finish(1, 1_000_000); // 3 MB as it is, 5 MB as it is sent
        assertThat(get("/v1/runs/r1/step?key=s0").has("result")).isTrue();
        finish(1, 1);
        stack.work.on("t", (given, context) -> StepResult.ofJson("[" + "\"\",".repeat(1_300_000) + "0]"));
        api.ok(202, "POST", "/v1/runs/r1/dispatches", "{\"steps\":[{\"key\":\"t\",\"handler\":\"work\"}]}");
        stack.deliver();
        assertThat(get("/v1/runs/r1/step?key=t&log=true").has("resultLocation")).isTrue();
    }

    @Test
    void a_listing_or_a_lookup_of_errors_under_long_keys_can_be_sent() throws InterruptedException {
        StringBuilder body = new StringBuilder("{\"dispatchId\":\"" + "d".repeat(128)
                + "\",\"defaults\":{\"handler\":\"work\",\"maxAttempts\":1},\"steps\":[");
        for (int i = 0; i < 1_000; i++) {
            String key = "\"".repeat(508) + i;
            stack.work.on(key, (given, context) -> {
                throw new IllegalStateException("\u0001".repeat(1_000));
            });
            body.append(i == 0 ? "" : ",")
                    .append("{\"key\":")
                    .append(Json.print(Json.object().textNode(key)))
                    .append("}");
        }
        api.ok(202, "POST", "/v1/runs/r1/dispatches", body.append("]}").toString());
        var batch = stack.receive(10);
        while (!batch.isEmpty()) {
            stack.deliver(batch);
            batch = stack.receive(10);
        }
        Set<String> seen = new TreeSet<>();
        JsonNode page = get("/v1/runs/r1/steps?limit=1000");
        page.path("steps").forEach(step -> seen.add(step.path("key").asText()));
        while (page.has("cursor")) {
            page = get(
                    "/v1/runs/r1/steps?limit=1000&cursor=" + page.path("cursor").asText());
            page.path("steps").forEach(step -> seen.add(step.path("key").asText()));
        }
        assertThat(seen).hasSize(1_000);

        var keys = Json.object();
        var list = keys.putArray("keys");
        seen.stream().limit(100).forEach(list::add);
        String lookup =
                api.call("POST", "/v1/runs/r1/steps/lookup", Json.print(keys)).body();
        assertThat(sent(lookup)).isLessThan(LAMBDA_BYTES);
        assertThat(Json.parse(lookup).path("entries")).hasSize(100);
    }

    @Test
    void a_listing_that_would_not_fit_goes_on_at_the_step_that_did_not() throws InterruptedException {
        stack.handOver("a", "b", "c", "d", "e");
        RunQueries queries = stack.stepstile.queries();
        AtomicInteger room = new AtomicInteger(3);
        RunQueries.Steps first = queries.steps(Stack.RUN, StepFilter.ALL, null, 10, step -> room.getAndDecrement() > 0);
        RunQueries.Steps second = queries.steps(Stack.RUN, StepFilter.ALL, first.next(), 10, step -> true);

        assertThat(first.steps()).extracting(step -> step.spec().id().stepKey()).containsExactly("a", "b", "c");
        assertThat(second.steps())
                .extracting(step -> step.spec().id().stepKey())
                .containsExactly("d", "e");
        assertThat(second.next()).isNull();
    }

    @Test
    void a_request_is_limited_by_what_lambda_is_handed_of_it() throws InterruptedException {
        String head = "{\"steps\":[{\"key\":\"a\",\"handler\":\"work\",\"input\":[";
        String quotes = "\"\",".repeat(1_210_000); // 3.6 MB, and 6.1 MB as a string of JSON
        assertThat(sent(head + quotes + "0]}]}")).isGreaterThan(Limits.REQUEST_BYTES);
        assertThat(api.problem("POST", "/v1/runs/r1/dispatches", head + quotes + "0]}]}"))
                .isEqualTo("413 request-too-large");
        assertThat(api.problem("POST", "/v1/runs/r1/steps/lookup", "{\"keys\":[" + quotes + "\"a\"]}"))
                .isEqualTo("413 request-too-large");
        api.ok(202, "POST", "/v1/runs/r1/dispatches", head + quotes.substring(0, 3 * 1_190_000) + "0]}]}");
    }
}
