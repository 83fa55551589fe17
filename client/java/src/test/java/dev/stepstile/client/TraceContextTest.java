package dev.stepstile.client;

import static org.assertj.core.api.Assertions.assertThat;

import dev.stepstile.testing.ScriptedApi;
import dev.stepstile.testing.ScriptedApi.Answer;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** What both clients do with a trace is in the conversations. */
class TraceContextTest {
    private static final String GIVEN = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    @Test
    void is_what_a_propagator_has_written_or_the_environment_has() {
        assertThat(TraceContext.in(Map.of("traceparent", GIVEN, "tracestate", "a=b", "baggage", "c=d")))
                .isEqualTo(new TraceContext(GIVEN, "a=b"));
        assertThat(TraceContext.in(Map.of("TRACEPARENT", GIVEN, "PATH", "/bin")))
                .isEqualTo(TraceContext.of(GIVEN));
        assertThat(TraceContext.in(Map.of("TRACESTATE", "a=b")).headers())
                .isEqualTo(TraceContext.NONE.headers())
                .isEmpty();
    }

    @Test
    void names_the_span_of_an_attempt() {
        assertThat(TraceContext.attemptSpanId("nightly", "a/b é", 1)).isEqualTo("9af74d82f71b69c8");
        assertThat(TraceContext.attemptSpanId("r", "s[1]", 12)).isEqualTo("ec9d9bfbbc702de4");
    }

    @Test
    void is_sent_with_each_part_of_a_dispatch_and_is_not_signed_as_others_may_change_it_on_the_way()
            throws IOException {
        List<Signer.Request> signed = new ArrayList<>();
        Signer signer = request -> {
            signed.add(request);
            Map<String, String> headers = new TreeMap<>(request.headers());
            headers.put("authorization", "mine");
            return headers;
        };
        List<Step> steps = IntStream.range(0, Checked.STEPS_PER_CALL + 1)
                .mapToObj(i -> Step.of("s" + i, "h", null))
                .toList();
        Answer accepted = Answer.of(202, "{\"dispatchId\":\"d\",\"acceptedCount\":1,\"attachedCount\":0}");
        try (ScriptedApi api = new ScriptedApi(_ -> accepted);
                StepstileClient client =
                        new StepstileClient(ClientOptions.of(api.endpoint()).withSigner(signer))) {
            client.dispatch("r", Dispatch.of(steps), TraceContext.of(GIVEN));
            client.dispatch("r", JsonValue.parse("{\"steps\":[]}"), TraceContext.of(GIVEN));
            assertThat(api.calls())
                    .hasSize(3)
                    .allSatisfy(call -> assertThat(call.headers())
                            .containsEntry("traceparent", GIVEN)
                            .containsEntry("authorization", "mine"));
        }
        assertThat(signed)
                .hasSize(3)
                .allSatisfy(request -> assertThat(request.headers()).containsOnlyKeys("content-type"));
    }
}
