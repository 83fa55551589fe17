package dev.stepstile.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import dev.stepstile.testing.ScriptedApi;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Today's client reads what the servers of released versions answer: the examples of their protocol's page. */
class OldAnswersTest {
    private static final Path FIXTURES = Path.of("../../testing/contracts/src/main/resources/formats");
    private static final String RUN = "nightly";
    private static final String ANY = "…";
    private static final Pattern EXAMPLE =
            Pattern.compile("```http\n(\\S+ [^\n?]*)\\S*\n.*?```\\s*```json (\\d+)\n(.*?)\n```", Pattern.DOTALL);

    /** What stands for {@value #ANY} in an example, by the name of the member. */
    private static final Map<String, String> SHOWN = Map.of(
            "at", "2026-11-24T08:00:00Z",
            "startedAt", "2026-11-24T08:00:00Z",
            "endedAt", "2026-11-24T08:00:00Z",
            "notBefore", "2026-11-24T08:00:00Z",
            "state", "CANCELLED");

    private static ScriptedApi server(String format) throws IOException {
        String page = Files.readString(FIXTURES.resolve(format).resolve("protocol.txt"));
        Map<String, ScriptedApi.Answer> first = new HashMap<>();
        Matcher examples = EXAMPLE.matcher(page);
        while (examples.find()) {
            JsonNode body = Json.MAPPER.readTree(examples.group(3));
            fill(body);
            first.putIfAbsent(
                    examples.group(1), ScriptedApi.Answer.of(Integer.parseInt(examples.group(2)), Json.print(body)));
        }
        return new ScriptedApi(call -> first.getOrDefault(
                call.method() + " " + call.target().replaceFirst("\\?.*", ""),
                ScriptedApi.Answer.problem("no-such-call", 404)));
    }

    /** The pages of lists and of the feed are the last ones. */
    private static void fill(JsonNode node) {
        if (node instanceof ObjectNode object) {
            object.remove(List.of("cursor", ANY));
            object.properties().forEach(member -> {
                if (member.getValue().asText().equals(ANY)) {
                    member.setValue(TextNode.valueOf(SHOWN.getOrDefault(member.getKey(), "0")));
                }
                fill(member.getValue());
            });
            if (object.has("content")) {
                byte[] content =
                        Base64.getDecoder().decode(object.path("content").asText());
                object.put("sha256", RequestWriter.sha256(content));
            }
        } else if (node instanceof ArrayNode array) {
            array.forEach(OldAnswersTest::fill);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"1-lease-of-a-step", "2-lease-of-a-worker"})
    void of_each_call_are_read(String format) throws IOException {
        try (ScriptedApi api = server(format);
                StepstileClient client = new StepstileClient(ClientOptions.of(api.endpoint()), new ManualPacing())) {
            assertThat(client.dispatch(RUN, Dispatch.of("nightly-1", List.of(Step.of("extract", "h", 1)))))
                    .isEqualTo(new DispatchResult("nightly-1", 4, 0, false));
            assertThat(client.status(RUN).counts()).isEqualTo(Map.of(StepStatus.QUEUED, 4));
            assertThat(client.steps(RUN)).extracting(StepRecord::key).containsExactly("extract", "load[eu]", "charge");
            StepRecord loaded = client.step(RUN, "load[eu]").orElseThrow();
            assertThat(loaded.state()).isInstanceOf(StepState.Succeeded.class);
            assertThat(client.result(RUN, "load[eu]").text()).isEqualTo("{\"region\":\"eu\"}");
            assertThat(client.lookup(RUN, List.of("extract", "nowhere"))).containsOnlyKeys("extract");
            assertThat(client.feed(RUN, null).entries()).hasSize(2);
            assertThat(client.redrive(RUN, Redrive.all()).unknownKeys()).containsExactly("chrage");
            assertThat(client.cancel(RUN)).isEqualTo(new CancelResult(1, 0));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"1-lease-of-a-step", "2-lease-of-a-worker"})
    void to_a_call_that_the_version_lacks_say_so(String format) throws IOException {
        try (ScriptedApi api = server(format);
                StepstileClient client = new StepstileClient(ClientOptions.of(api.endpoint()), new ManualPacing())) {
            if (format.startsWith("1")) {
                assertThatThrownBy(() -> client.running(RUN))
                        .isInstanceOfSatisfying(
                                RefusedException.class,
                                refused -> assertThat(refused.type()).isEqualTo("no-such-call"));
            } else {
                assertThat(client.running(RUN)).extracting(RunningStep::key).containsExactly("extract");
            }
        }
    }
}
