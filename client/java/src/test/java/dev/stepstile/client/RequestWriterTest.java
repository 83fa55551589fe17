package dev.stepstile.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class RequestWriterTest {
    private static List<Step> echoes(int count) {
        return IntStream.range(0, count)
                .mapToObj(i -> Step.of("s[" + i + "]", "stepstile.echo", null))
                .toList();
    }

    private static List<JsonNode> trees(List<String> bodies) {
        return bodies.stream().map(body -> JsonValue.parse(body).tree()).toList();
    }

    @Test
    void has_a_deadline_of_all_steps_and_never_of_one() {
        StepSettings late = StepSettings.NONE.withDeadline(Moment.after(Duration.ofHours(1)));
        assertThat(RequestWriter.dispatch(
                        Dispatch.of("d", List.of(Step.of("a", "h", null))).withDefaults(late.withMaxAttempts(2))))
                .singleElement()
                .asString()
                .isEqualTo("{\"dispatchId\":\"d\",\"deadline\":3600,\"defaults\":{\"maxAttempts\":2},"
                        + "\"steps\":[{\"key\":\"a\",\"handler\":\"h\"}]}");
        assertThatThrownBy(() -> Step.of("a", "h", null).withSettings(late))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("deadline");
    }

    @Test
    void a_dispatch_says_what_was_set_and_nothing_else() {
        StepSettings settings = StepSettings.handler("h")
                .withMaxAttempts(2)
                .withTimeout(Duration.ofSeconds(60))
                .withRetry(new Retry(Duration.ofMillis(1_500), Duration.ZERO)
                        .withOn("TIMEOUT", "java.io.IOException")
                        .withNever())
                .withNotBefore(Moment.after(Duration.ofMillis(90_500)));
        Dispatch dispatch = Dispatch.of(
                        "d", List.of(new Step("a", JsonValue.NULL, StepSettings.NONE, Map.of("t", "v"))))
                .withTenant("acme")
                .withDefaults(settings)
                .withTags(Map.of("b", "2", "a", "1"))
                .withSharedInputs(Map.of("plan", JsonValue.parse("-0.0")));
        assertThat(RequestWriter.dispatch(dispatch))
                .containsExactly("{\"dispatchId\":\"d\",\"tenant\":\"acme\","
                        + "\"defaults\":{\"handler\":\"h\",\"maxAttempts\":2,"
                        + "\"timeoutSeconds\":60,\"retry\":{\"baseSeconds\":1.5,\"capSeconds\":0,"
                        + "\"on\":[\"TIMEOUT\",\"java.io.IOException\"],\"never\":[]},\"notBefore\":90.5,"
                        + "\"tags\":{\"a\":\"1\",\"b\":\"2\"}},\"sharedInputs\":{\"plan\":-0.0},"
                        + "\"steps\":[{\"key\":\"a\",\"tags\":{\"t\":\"v\"}}]}");
    }

    @Test
    void a_dispatch_says_whom_it_notifies() {
        Dispatch dispatch = Dispatch.of("d", List.of(Step.of("a", "h", JsonValue.NULL)));
        assertThat(trees(RequestWriter.dispatch(dispatch.withNotifies(new NotifyTarget.Event())))
                        .getFirst()
                        .path("notify"))
                .hasToString("{\"event\":{}}");
        NotifyTarget webhook = new NotifyTarget.Webhook(URI.create("https://hooks.example.com/x?y=z"));
        assertThat(trees(RequestWriter.dispatch(dispatch.withNotifies(webhook).withTenant("acme")))
                        .getFirst()
                        .path("notify"))
                .hasToString("{\"webhook\":{\"url\":\"https://hooks.example.com/x?y=z\"}}");
    }

    @Test
    void more_steps_than_a_call_takes_go_in_several_each_time_the_same() {
        List<JsonNode> bodies = trees(RequestWriter.dispatch(Dispatch.of("d", echoes(20_001))));
        assertThat(bodies.stream().map(body -> body.path("steps").size())).containsExactly(10_000, 10_000, 1);
        assertThat(bodies.stream().map(body -> body.path("dispatchId").asText()))
                .containsExactly("d", "d.1", "d.2");
        assertThat(trees(RequestWriter.dispatch(Dispatch.of("d", echoes(20_001)))))
                .isEqualTo(bodies);

        List<JsonNode> longId = trees(RequestWriter.dispatch(Dispatch.of("d".repeat(128), echoes(20_001))));
        assertThat(longId.stream().map(body -> body.path("dispatchId").asText()).distinct())
                .hasSize(3)
                .allMatch(id -> id.length() <= 128);
    }

    /** Lambda counts the body as a string of JSON. */
    @Test
    void no_body_is_larger_than_a_call_takes() {
        for (String input : List.of("\"".repeat(1_000_000), "ü".repeat(900_000), "y".repeat(3_000_000))) {
            List<Step> steps = IntStream.range(0, 5)
                    .mapToObj(i -> new Step(
                            "s" + i, JsonValue.parse(JsonValue.of(input).text()), StepSettings.NONE, Map.of()))
                    .toList();
            List<String> bodies =
                    RequestWriter.dispatch(Dispatch.of("d", steps).withDefaults(StepSettings.handler("h")));
            assertThat(bodies).hasSizeGreaterThan(1).allSatisfy(body -> {
                long doubled = body.chars().filter(c -> c == '"' || c == '\\').count();
                assertThat(body.getBytes(StandardCharsets.UTF_8).length + doubled)
                        .isLessThanOrEqualTo(6_000_000);
            });
            assertThat(trees(bodies).stream()
                            .mapToInt(body -> body.path("steps").size())
                            .sum())
                    .isEqualTo(5);
        }
    }

    @Test
    void a_redrive_says_what_to_change() {
        Redrive redrive = Redrive.of(List.of("a"))
                .withId("mine")
                .withStates(Set.of(StepStatus.FAILED, StepStatus.DEAD))
                .withOverrides(StepSettings.NONE.withTimeout(Duration.ofMinutes(10)))
                .withInput(JsonValue.NULL);
        assertThat(RequestWriter.redrive(redrive))
                .isEqualTo("{\"redriveId\":\"mine\",\"keys\":[\"a\"],\"states\":[\"DEAD\",\"FAILED\"],"
                        + "\"overrides\":{\"timeoutSeconds\":600,\"input\":null}}");
        assertThat(RequestWriter.redrive(Redrive.all())).matches("\\{\"redriveId\":\"[0-9a-f-]{36}\"}");
    }
}
