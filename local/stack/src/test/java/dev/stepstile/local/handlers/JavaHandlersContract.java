package dev.stepstile.local.handlers;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.stepstile.codec.Json;
import dev.stepstile.local.LocalStack;
import dev.stepstile.local.StackOptions;
import dev.stepstile.testing.Eventually;
import dev.stepstile.testing.StackCaller;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What a Java handler can do and see, wherever it runs. */
@Timeout(value = 2, unit = TimeUnit.MINUTES)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
abstract class JavaHandlersContract {
    private LocalStack stack;
    private StackCaller api;
    private int runs;

    /** The stack's options with the handler in this jar. */
    abstract StackOptions with(StackOptions options, Path jar) throws Exception;

    @BeforeAll
    void start(@TempDir Path folder) throws Exception {
        Path jar = HandlerJar.jar(folder.resolve("acts.jar"), Map.of("acme.Acts", source()), List.of("acme.Acts"));
        stack = LocalStack.start(with(StackOptions.of(StackOptions.Kind.EMBEDDED, folder.resolve("stack")), jar));
        api = new StackCaller(stack.endpoint());
    }

    @AfterAll
    void stop() {
        stack.close();
    }

    static String source() throws IOException {
        try (InputStream in = JavaHandlersContract.class.getResourceAsStream("/handlers/Acts.java")) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    static ObjectNode act(String key, String act, int maxAttempts) {
        ObjectNode step = Json.object().put("key", key).put("handler", "acme.acts");
        step.put("maxAttempts", maxAttempts).putObject("retry").put("baseSeconds", 0.05);
        step.putObject("input").put("act", act).put("attempts", 100).put("text", key);
        return step;
    }

    private JsonNode ended(String act, String state) throws Exception {
        return ended(act(act, act, 1), state);
    }

    private JsonNode ended(ObjectNode step, String state) throws Exception {
        String run = "run-" + ++runs;
        api.dispatch(run, List.of(step));
        JsonNode ended = api.await(run, step.path("key").asText(), "SUCCEEDED", "FAILED", "DEAD", "CANCELLED");
        assertThat(ended.path("state").asText()).as(ended.toString()).isEqualTo(state);
        return ended;
    }

    @Test
    void returns_values_json_text_or_nothing() throws Exception {
        assertThat(ended("map", "SUCCEEDED").path("result").toString())
                .isEqualTo("{\"list\":[1,true],\"none\":null,\"number\":1.10,\"text\":\"Grüße 😀 \u2028\"}");
        assertThat(ended("json", "SUCCEEDED").path("result").toString()).isEqualTo("{\"b\":1.0,\"a\":[]}");
        assertThat(ended("none", "SUCCEEDED").path("result").isNull()).isTrue();
    }

    @Test
    void reports_what_dagster_is_to_be_told() throws Exception {
        JsonNode result = ended("pipes", "SUCCEEDED").path("result");

        assertThat(result.path("value").path("rows").asInt()).isEqualTo(3);
        assertThat(result.path("messages")
                        .path(0)
                        .path("params")
                        .path("data_version")
                        .asText())
                .isEqualTo("v1");
        assertThat(result.path("messages")
                        .path(1)
                        .path("params")
                        .path("severity")
                        .asText())
                .isEqualTo("WARN");
    }

    @Test
    void sees_its_step_its_inputs_and_its_deadline() throws Exception {
        ObjectNode body = Json.object();
        ObjectNode step = act("day[1]", "context", 1).put("timeoutSeconds", 40);
        step.putObject("tags").put("team", "ü");
        body.putArray("steps").add(step);
        body.putObject("sharedInputs").putArray("numbers").add(1).add(2.5);
        assertThat(api.post("/v1/runs/context/dispatches", Json.print(body)).statusCode())
                .isEqualTo(202);

        JsonNode seen = api.await("context", "day[1]", "SUCCEEDED").path("result");
        assertThat(seen.path("run").asText()).isEqualTo("context");
        assertThat(seen.path("step").asText()).isEqualTo("day[1]");
        assertThat(seen.path("attempt").asInt()).isEqualTo(1);
        assertThat(seen.path("tags").path("team").asText()).isEqualTo("ü");
        assertThat(Json.parse(seen.path("input").asText())).isEqualTo(step.path("input"));
        assertThat(seen.path("names").toString()).isEqualTo("[\"numbers\"]");
        assertThat(seen.path("shared").asText()).isEqualTo("[1,2.5]");
        assertThat(seen.path("typed").size()).isEqualTo(2);
        assertThat(seen.path("left").asInt()).isBetween(20, 40);
        assertThat(seen.path("cancelled").asBoolean()).isFalse();
        assertThat(seen.has("traceparent")).isFalse();
    }

    @Test
    void sees_the_trace_that_came_with_the_call() throws Exception {
        String parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        ObjectNode body = Json.object();
        body.putArray("steps").add(act("traced", "context", 1));
        body.putObject("sharedInputs").putArray("numbers");
        assertThat(api.post(
                                "/v1/runs/traced/dispatches",
                                Json.print(body),
                                "Traceparent",
                                parent,
                                "tracestate",
                                "a=b",
                                "tracestate",
                                "c=d")
                        .statusCode())
                .isEqualTo(202);
        JsonNode seen = api.await("traced", "traced", "SUCCEEDED").path("result");
        assertThat(seen.path("traceparent").asText()).isEqualTo(parent);
        assertThat(seen.path("tracestate").asText()).isEqualTo("a=b,c=d");
    }

    @Test
    void has_what_it_prints_in_its_own_log_in_order() throws Exception {
        List<ObjectNode> steps = new ArrayList<>();
        for (int i = 0; i < 8; i++) {
            steps.add(act("p" + i, "prints", 1));
        }
        api.dispatch("prints", steps);
        api.awaitAll("prints", "SUCCEEDED");

        for (int i = 0; i < 8; i++) {
            String key = "p" + i;
            assertThat(api.logLines("prints", key))
                    .containsExactly("out " + key, "err " + key, "log " + key, "thread " + key, "end " + key);
        }
    }

    @Test
    void tells_how_far_it_is_while_it_runs() throws Exception {
        api.dispatch("progress", List.of(act("slow", "progress", 1)));

        JsonNode running = Eventually.await(
                () -> api.step("progress", "slow"),
                step -> step.path("progress").asDouble() > 0);
        assertThat(running.path("progress").asDouble()).isEqualTo(0.5);
        assertThat(running.path("progressNote").asText()).isEqualTo("half of slow");
        api.post("/v1/runs/progress/cancel", "");
    }

    @Test
    void fails_for_good_when_it_says_so() throws Exception {
        JsonNode failed = ended(act("terminal", "terminal", 5), "FAILED");

        assertThat(failed.path("attempt").asInt()).isEqualTo(1);
        assertThat(failed.path("error").path("kind").asText()).isEqualTo("TERMINAL_FAILURE");
        assertThat(failed.path("error").path("message").asText()).startsWith("no use");
        assertThat(ended("terminal-null", "FAILED")
                        .path("error")
                        .path("message")
                        .asText())
                .startsWith("TerminalFailure");
        assertThat(ended("noshared", "FAILED").path("error").path("message").asText())
                .startsWith("No shared input is named 'nothing'; there are: []");
        assertThat(ended((ObjectNode) act("unfit", "map", 1).set("input", Json.parse("[1]")), "FAILED")
                        .path("error")
                        .path("message")
                        .asText())
                .startsWith("The input is not a Input");
    }

    @Test
    void is_tried_again_when_it_asks() throws Exception {
        ObjectNode step = act("later", "retry-after", 2);
        ((ObjectNode) step.path("input")).put("attempts", 1);
        long began = System.nanoTime();

        JsonNode ended = ended(step, "SUCCEEDED");
        assertThat(System.nanoTime() - began).isGreaterThan(TimeUnit.SECONDS.toNanos(1));
        assertThat(ended.path("attempts").path(0).path("message").asText()).startsWith("come again");
    }

    @Test
    void fails_with_what_it_throws() throws Exception {
        JsonNode odd = ended("odd", "DEAD").path("error");
        assertThat(odd.path("kind").asText()).isEqualTo("HANDLER_FAILED");
        assertThat(odd.path("message").asText()).startsWith("odd: strange");
        assertThat(ended("overflow", "DEAD").path("error").path("message").asText())
                .startsWith("java.lang.StackOverflowError");
        assertThat(ended("null", "DEAD").path("error").path("message").asText())
                .startsWith("java.lang.NullPointerException");
    }

    @Test
    void is_not_retried_after_an_exception_that_its_step_names() throws Exception {
        for (String name : List.of("acme.Acts$Odd", "Odd", "Exception")) {
            ObjectNode step = act("odd", "odd", 5);
            ((ObjectNode) step.path("retry")).putArray("never").add(name);
            JsonNode failed = ended(step, "FAILED");
            assertThat(failed.path("attempt").asInt()).isEqualTo(1);
            assertThat(failed.path("error").path("message").asText())
                    .startsWith("odd: strange")
                    .endsWith("(not retried: retry.never names " + name + ")");
        }
    }

    @Test
    void fails_for_good_with_a_result_that_cannot_be_kept() throws Exception {
        JsonNode opaque = ended("opaque", "FAILED").path("error");
        assertThat(opaque.path("kind").asText()).isEqualTo("RESULT_NOT_SERIALISABLE");
        assertThat(opaque.path("message").asText()).contains("(JsonMappingException)");
        assertThat(ended("bad-json", "FAILED").path("error").path("kind").asText())
                .isEqualTo("RESULT_NOT_SERIALISABLE");
        assertThat(ended("large", "FAILED").path("error").path("kind").asText()).isEqualTo("RESULT_TOO_LARGE");
    }

    @Test
    void is_interrupted_at_its_time_limit() throws Exception {
        JsonNode ended = ended(act("slow", "wait", 1).put("timeoutSeconds", 1), "DEAD");

        assertThat(ended.path("error").path("kind").asText()).isEqualTo("TIMEOUT");
    }

    @Test
    void hears_of_a_cancel() throws Exception {
        List<String> keys = List.of("wait", "obeys", "polls");
        api.dispatch("cancel", keys.stream().map(key -> act(key, key, 3)).toList());
        for (String key : keys) {
            api.await("cancel", key, "RUNNING");
        }

        api.post("/v1/runs/cancel/cancel", "");

        assertThat(api.await("cancel", "wait", "CANCELLED", "DEAD")
                        .path("state")
                        .asText())
                .isEqualTo("CANCELLED");
        assertThat(api.await("cancel", "polls", "CANCELLED", "DEAD")
                        .path("state")
                        .asText())
                .isEqualTo("CANCELLED");
        assertThat(api.await("cancel", "obeys", "SUCCEEDED", "CANCELLED")
                        .path("result")
                        .asText())
                .as("one that ends by itself in time keeps its result")
                .isEqualTo("cancelled: true");
    }
}
