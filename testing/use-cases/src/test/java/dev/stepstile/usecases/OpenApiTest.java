package dev.stepstile.usecases;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.stepstile.codec.Json;
import dev.stepstile.http.Http;
import dev.stepstile.http.OpenApi;
import java.net.URI;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The OpenAPI document is what the code does. {@link Api} holds it against every call of the other tests. */
class OpenApiTest {
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

    /** A document with one thing wrong. */
    record Fault(String rule, String at, String value) {
        /** @param value JSON; empty to take away what is there */
        static Fault breaks(String rule, String at, String value) {
            return new Fault(rule, at, value);
        }

        OpenApiDocument seeded() {
            JsonNode document = Json.parse(OpenApi.document());
            JsonNode holder = document.at(at.substring(0, at.lastIndexOf('/')));
            String name = at.substring(at.lastIndexOf('/') + 1).replace("~1", "/");
            if (holder instanceof ArrayNode list) {
                assertThat(list.has(Integer.parseInt(name))).as(at).isTrue();
                list.remove(Integer.parseInt(name));
            } else {
                ObjectNode object = (ObjectNode) holder;
                assertThat(object.has(name) || !value.isEmpty()).as(at).isTrue();
                object.remove(name);
                if (!value.isEmpty()) {
                    object.set(name, Json.parse(value));
                }
            }
            return new OpenApiDocument(document);
        }
    }

    static Stream<Fault> faults() {
        String steps = "/paths/~1v1~1runs~1{runId}~1steps/get";
        String schemas = "/components/schemas/";
        return Stream.of(
                Fault.breaks("its routes are those of the template", "/paths/~1v1~1pauses", ""),
                Fault.breaks("its routes are those of the template", "/paths/~1v1~1runs/post", "{}"),
                Fault.breaks("a call that is unknown gets its routes named", "/paths/~1v1~1pauses", ""),
                Fault.breaks(
                        "its parameters are those that the calls take",
                        "/paths/~1v1~1runs~1{runId}~1dispatches/post/parameters/1",
                        ""),
                Fault.breaks("its parameters are those that the calls take", steps + "/parameters/8", ""),
                Fault.breaks(
                        "its parameters are those that the calls take", "/components/parameters/tag/name", "\"tags\""),
                Fault.breaks(
                        "the members of its bodies are those that the calls take",
                        schemas + "Retry/properties/never",
                        ""),
                Fault.breaks(
                        "the members of its bodies are those that the calls take",
                        schemas + "Webhook/properties/secret",
                        "{}"),
                Fault.breaks("its names are those of the code", schemas + "State/enum/3", ""),
                Fault.breaks("its names are those of the code", schemas + "Violation/properties/kind/enum/0", ""),
                Fault.breaks("its limits are those of the code", schemas + "Tags/maxProperties", "21"),
                Fault.breaks(
                        "its limits are those of the code", schemas + "NewStep/properties/maxAttempts/maximum", ""),
                Fault.breaks("its limits are those of the code", "/components/parameters/limit/schema/maximum", "100"),
                Fault.breaks("its problems are those of the page", schemas + "Problem/properties/type/enum/0", ""),
                Fault.breaks(
                        "its problems are those of the page",
                        steps + "/responses/404/description",
                        "\"`run-not-found`, `bad-cursor`\""),
                Fault.breaks(
                        "its examples are those of the page and as it describes them",
                        schemas + "StepEntry/properties/durationSeconds",
                        ""),
                Fault.breaks(
                        "its examples are those of the page and as it describes them",
                        "/paths/~1v1~1pause/post/requestBody/content/application~1json/examples/ofThePage/value/handler",
                        "\"payments.refund\""),
                Fault.breaks("it says in words what everything is", steps + "/operationId", "\"listRuns\""),
                Fault.breaks("it says in words what everything is", "/components/parameters/limit/description", ""),
                Fault.breaks("its version is that of the poms", "/info/version", "\"0.0.9\""));
    }

    static Set<String> rules() {
        return OpenApiRules.ALL.keySet();
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("rules")
    void keeps_to(String rule) throws InterruptedException {
        assertThat(OpenApiRules.ALL.get(rule).differences(OpenApiDocument.SHIPPED, api))
                .isEmpty();
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("faults")
    void with_a_fault_breaks_its_rule(Fault fault) throws InterruptedException {
        assertThat(OpenApiRules.ALL.get(fault.rule()).differences(fault.seeded(), api))
                .isNotEmpty();
    }

    @Test
    void has_no_rule_that_was_not_seen_failing() {
        Set<String> seen = faults().map(Fault::rule).collect(Collectors.toCollection(TreeSet::new));
        assertThat(seen).isEqualTo(rules());
    }

    private static final Http.Call STATUS = call("GET", Map.of(), null, "v1", "runs", "r1");
    private static final String RUN = "{\"runId\":\"r1\",\"createdAt\":\"2026-11-24T08:00:00Z\",\"cancelled\":false,"
            + "\"dispatchCount\":1,\"openDispatchCount\":1,\"stepCount\":1,\"counts\":{\"QUEUED\":1}%s}";

    private static Http.Call call(String method, Map<String, String> query, String body, String... path) {
        return new Http.Call(method, List.of(path), query, body);
    }

    private static Http.Answer ok(String body) {
        return new Http.Answer(200, "application/json", body);
    }

    private static List<String> undocumented(Http.Call call, Http.Answer answer) {
        return OpenApiDocument.SHIPPED.undocumented(call, answer);
    }

    @Test
    void describes_an_answer_with_its_status_its_type_and_each_member() {
        assertThat(undocumented(STATUS, ok(RUN.formatted("")))).isEmpty();
        assertThat(undocumented(STATUS, ok(RUN.formatted(",\"owner\":\"me\"")))).isNotEmpty();
        assertThat(undocumented(STATUS, ok(RUN.formatted("").replace("QUEUED", "WAITING"))))
                .isNotEmpty();
        assertThat(undocumented(STATUS, ok(RUN.formatted("").replace("T08:00:00Z", ""))))
                .isNotEmpty();
        assertThat(undocumented(STATUS, ok("{}"))).isNotEmpty();
        assertThat(undocumented(STATUS, new Http.Answer(200, "text/plain", RUN.formatted(""))))
                .isNotEmpty();
        assertThat(undocumented(STATUS, new Http.Answer(202, "application/json", RUN.formatted(""))))
                .isNotEmpty();
    }

    @Test
    void describes_a_refusal_with_its_type() {
        assertThat(undocumented(STATUS, Http.Problem.noRun("r1").answer())).isEmpty();
        assertThat(undocumented(STATUS, new Http.Problem(404, "no-result", "None.").answer()))
                .isNotEmpty();
        assertThat(undocumented(
                        STATUS,
                        Http.Problem.badRequest("bad-tenant", "It is bad.").answer()))
                .isNotEmpty();
        assertThat(undocumented(STATUS, Http.Problem.otherMethod("POST").answer()))
                .isNotEmpty();
        assertThat(undocumented(STATUS, new Http.Problem(418, "bad-cursor", "None.").answer()))
                .isNotEmpty();
    }

    @Test
    void describes_what_a_call_may_send() {
        Http.Answer paused =
                ok("{\"scope\":\"run\",\"runId\":\"r1\",\"pausedAt\":\"2026-11-24T08:00:00Z\",\"changed\":true}");
        Http.Answer status = ok(RUN.formatted(""));
        assertThat(undocumented(call("POST", Map.of(), "{\"reason\":\"a\"}", "v1", "runs", "r1", "pause"), paused))
                .isEmpty();
        assertThat(undocumented(call("POST", Map.of(), null, "v1", "runs", "r1", "pause"), paused))
                .isEmpty();
        assertThat(undocumented(call("POST", Map.of(), "{\"why\":\"a\"}", "v1", "runs", "r1", "pause"), paused))
                .isNotEmpty();
        assertThat(undocumented(call("POST", Map.of(), "{\"reason\":1}", "v1", "runs", "r1", "pause"), paused))
                .isNotEmpty();
        assertThat(undocumented(call("GET", Map.of("exact", "true"), null, "v1", "runs", "r1"), status))
                .isEmpty();
        assertThat(undocumented(call("GET", Map.of("exact", "yes"), null, "v1", "runs", "r1"), status))
                .isNotEmpty();
        assertThat(undocumented(call("GET", Map.of("more", "1"), null, "v1", "runs", "r1"), status))
                .isNotEmpty();
        assertThat(undocumented(call("GET", Map.of(), null, "v1", "runs", "r#1"), status))
                .isNotEmpty();
        assertThat(undocumented(call("GET", Map.of(), null, "v1", "all"), status))
                .isNotEmpty();
    }

    @Test
    void names_the_server_that_hands_it_out() {
        JsonNode served = Json.parse(OpenApi.document(URI.create("http://127.0.0.1:4711")));
        assertThat(served.at("/servers/0/url").asText()).isEqualTo("http://127.0.0.1:4711");
        assertThat(Json.parse(OpenApi.document()).at("/servers/0/url").asText()).isEqualTo("http://127.0.0.1:8787");
    }
}
