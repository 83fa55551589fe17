package dev.stepstile.functions;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.stepstile.codec.Json;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Base64;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The dispatch function, given each of its sample events, and worse. */
class DispatchFunctionTest {
    @TempDir
    Path folder;

    private Deployed deployed;

    @BeforeEach
    void deploy() {
        deployed = new Deployed(folder);
    }

    @AfterEach
    void remove() {
        deployed.close();
    }

    @ParameterizedTest
    @ValueSource(strings = {"dispatch-http", "dispatch-http-base64"})
    void a_call_of_the_api_is_accepted_and_its_steps_are_sent(String event) {
        JsonNode answer = deployed.dispatch(event);
        assertThat(answer.path("statusCode").asInt()).isEqualTo(202);
        assertThat(answer.path("headers").path("content-type").asText()).isEqualTo("application/json");
        assertThat(Json.parse(answer.path("body").asText()))
                .isEqualTo(Json.parse(
                        "{\"dispatchId\":\"nightly-1\",\"acceptedCount\":3,\"attachedCount\":0,\"replayed\":false}"));
        assertThat(deployed.ports().queue().receive(10, Duration.ZERO)).hasSize(3);
    }

    @Test
    void the_same_call_again_gets_the_same_answer_and_sends_nothing() {
        deployed.dispatch("dispatch-http");
        deployed.ports().queue().receive(10, Duration.ZERO);
        JsonNode answer = deployed.dispatch("dispatch-http-base64");
        assertThat(answer.path("statusCode").asInt()).isEqualTo(202);
        assertThat(Json.parse(answer.path("body").asText()).path("replayed").asBoolean())
                .isTrue();
        assertThat(deployed.ports().queue().receive(10, Duration.ZERO)).isEmpty();
    }

    @Test
    void a_direct_call_is_answered_with_a_body_that_is_an_object() {
        JsonNode answer = deployed.dispatch("dispatch-direct");
        assertThat(answer.path("status").asInt()).isEqualTo(202);
        assertThat(answer.path("body").path("acceptedCount").asInt()).isEqualTo(3);
    }

    @Test
    void the_trace_of_the_caller_is_taken_from_the_headers_of_either_kind_of_call() {
        String body = "\"{\\\"steps\\\":[{\\\"key\\\":\\\"a\\\",\\\"handler\\\":\\\"h\\\"}]}\"";
        String parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        String http = "{\"version\":\"2.0\",\"rawPath\":\"/v1/runs/http/dispatches\",\"rawQueryString\":\"\","
                + "\"requestContext\":{\"http\":{\"method\":\"POST\"}},\"headers\":{\"traceparent\":\"" + parent
                + "\",\"tracestate\":\"a=b\"},\"body\":" + body + "}";
        String direct = "{\"method\":\"POST\",\"path\":\"/v1/runs/direct/dispatches\",\"headers\":{\"Traceparent\":\""
                + parent + "\",\"tracestate\":7},\"body\":" + body + "}";
        assertThat(deployed.answer(http).path("statusCode").asInt()).isEqualTo(202);
        assertThat(deployed.answer(direct).path("status").asInt()).isEqualTo(202);
        assertThat(deployed.ports().queue().receive(10, Duration.ZERO))
                .extracting(message -> Json.parse(message.body()))
                .allSatisfy(message ->
                        assertThat(message.path("traceparent").asText()).isEqualTo(parent))
                .extracting(message -> message.path("tracestate").asText("none"))
                .containsExactlyInAnyOrder("a=b", "none");
        assertThat(problem(
                        deployed.answer(direct.replace("{\"Traceparent\":\"" + parent + "\",\"tracestate\":7}", "[]"))))
                .isEqualTo("400 bad-event");
    }

    @ParameterizedTest
    @CsvSource({
        "dispatch-malformed, bad-json",
        "dispatch-duplicate-member, bad-json",
        "dispatch-duplicate-key, duplicate-step-key"
    })
    void a_bad_call_is_answered_with_its_problem_and_writes_nothing(String event, String type) {
        JsonNode answer = deployed.dispatch(event);
        JsonNode body =
                answer.path("body").isTextual() ? Json.parse(answer.path("body").asText()) : answer.path("body");
        assertThat(body.path("status").asInt()).isEqualTo(400);
        assertThat(body.path("type").asText()).endsWith("/" + type);
        assertThat(deployed.ports().store().run("nightly")).isEmpty();
        assertThat(deployed.ports().queue().anyVisible()).isFalse();
    }

    /** {@code {"name":"café"}} in Latin-1: as base64, and as the bytes of an event. */
    @Test
    void a_body_that_is_not_utf8_is_refused_at_every_door() {
        String steps =
                "{\"steps\":[{\"key\":\"a\",\"handler\":\"stepstile.echo\",\"input\":{\"name\":\"caf\u00E9\"}}]}";
        String base64 = Base64.getEncoder().encodeToString(steps.getBytes(StandardCharsets.ISO_8859_1));
        String http = "{\"version\":\"2.0\",\"rawPath\":\"/v1/runs/nightly/dispatches\",\"rawQueryString\":\"\","
                + "\"requestContext\":{\"http\":{\"method\":\"POST\"}},\"isBase64Encoded\":";
        String direct = "{\"method\":\"POST\",\"path\":\"/v1/runs/nightly/dispatches\",\"isBase64Encoded\":";
        String whole = Base64.getEncoder().encodeToString(steps.getBytes(StandardCharsets.UTF_8));

        for (String door : new String[] {http, direct}) {
            assertThat(problem(deployed.answer(door + "true,\"body\":\"" + base64 + "\"}")))
                    .isEqualTo("400 bad-json");
            assertThat(problem(deployed.answer(door + "false,\"body\":\""
                            + steps.replace("\"", "\\\"").replace("\u00E9", "\\ud83d") + "\"}")))
                    .as("half a character, which UTF-8 cannot hold")
                    .isEqualTo("400 bad-json");
        }
        assertThat(problem(deployed.answer(
                        (direct + "false,\"body\":" + steps + "}").getBytes(StandardCharsets.ISO_8859_1))))
                .isEqualTo("400 bad-event");
        assertThat(deployed.ports().store().run("nightly")).isEmpty();

        assertThat(deployed.answer(http + "true,\"body\":\"" + whole + "\"}")
                        .path("statusCode")
                        .asInt())
                .isEqualTo(202);
    }

    private static String problem(JsonNode answer) {
        JsonNode body =
                answer.path("body").isTextual() ? Json.parse(answer.path("body").asText()) : answer.path("body");
        return body.path("status").asInt() + " "
                + body.path("type").asText().replace("https://stepstile.dev/problems/", "");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "no JSON",
                "null",
                "[]",
                "{}",
                "{\"method\":\"POST\",\"method\":\"GET\",\"path\":\"/v1/runs/r/dispatches\"}",
                "{\"method\":\"POST\"}",
                "{\"method\":\"POST\",\"path\":\"/v1/runs/%zz/dispatches\"}",
                "{\"method\":\"POST\",\"path\":\"/v1/runs/%E9/dispatches\"}",
                "{\"method\":\"POST\",\"path\":\"/v1/runs/r/dispatches\",\"querry\":{}}",
                "{\"method\":\"POST\",\"path\":\"/v1/runs/r/dispatches\",\"query\":[]}",
                "{\"method\":\"POST\",\"path\":\"/v1/runs/r/dispatches\",\"query\":{\"a\":[]}}",
                "{\"method\":\"POST\",\"path\":\"/v1/runs/r/dispatches\",\"body\":\"*\",\"isBase64Encoded\":true}",
            })
    void an_event_that_is_no_call_is_answered_as_a_bad_one(String event) {
        assertThat(deployed.answer(event).path("status").asInt()).isEqualTo(400);
    }
}
