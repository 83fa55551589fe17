package dev.stepstile.local;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import dev.stepstile.codec.Json;
import dev.stepstile.step.DispatchId;
import dev.stepstile.step.StepId;
import dev.stepstile.step.TraceParent;
import dev.stepstile.testing.Eventually;
import dev.stepstile.testing.StackCaller;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** An embedded stack that writes its spans to a file. */
@Timeout(value = 2, unit = TimeUnit.MINUTES)
class TracedStackTest {
    private static final TraceParent CALLER =
            new TraceParent("4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7", TraceParent.SAMPLED);

    @TempDir
    Path folder;

    private StackOptions traced(String target) {
        return StackOptions.of(StackOptions.Kind.EMBEDDED, folder.resolve("stack"))
                .withTraces(target);
    }

    private static Map<String, JsonNode> spans(Path file) throws IOException {
        Map<String, JsonNode> spans = new TreeMap<>();
        if (Files.exists(file)) {
            for (String line : Files.readAllLines(file)) {
                Json.parse(line)
                        .path("resourceSpans")
                        .path(0)
                        .path("scopeSpans")
                        .path(0)
                        .path("spans")
                        .forEach(span -> spans.put(span.path("spanId").asText(), span));
            }
        }
        return spans;
    }

    private static JsonNode span(Map<String, JsonNode> spans, TraceParent context) {
        return spans.getOrDefault(context.spanId(), Json.object());
    }

    @Test
    void shows_a_call_its_dispatch_and_each_attempt_in_one_trace() throws Exception {
        Path file = folder.resolve("traces.jsonl");
        TraceParent dispatch = CALLER.ofDispatch(new DispatchId("r", "d"));
        TraceParent first = CALLER.ofAttempt(new StepId("r", "a"), 1);
        TraceParent second = CALLER.ofAttempt(new StepId("r", "a"), 2);
        try (LocalStack stack = LocalStack.start(traced(file.toString()))) {
            StackCaller api = new StackCaller(stack.endpoint());
            String body = "{\"dispatchId\":\"d\",\"steps\":[" + Json.print(StackCaller.step("a", "error", 1, 2)) + "]}";
            assertThat(api.post("/v1/runs/r/dispatches", body, "traceparent", CALLER.text())
                            .statusCode())
                    .isEqualTo(202);
            api.await("r", "a", "SUCCEEDED");
            Eventually.await(() -> spans(file).size() == 3);
        }
        Map<String, JsonNode> spans = spans(file);
        assertThat(spans.keySet()).containsExactlyInAnyOrder(dispatch.spanId(), first.spanId(), second.spanId());
        assertThat(spans.values())
                .allSatisfy(span -> assertThat(span.path("traceId").asText()).isEqualTo(CALLER.traceId()));
        assertThat(span(spans, dispatch).path("parentSpanId").asText()).isEqualTo(CALLER.spanId());
        assertThat(span(spans, first).path("parentSpanId").asText()).isEqualTo(dispatch.spanId());
        assertThat(span(spans, first).toString()).contains("HANDLER_FAILED");
        assertThat(span(spans, second).toString()).doesNotContain("error.type");
    }

    @Test
    void says_at_once_that_the_file_cannot_be_written() {
        assertThatThrownBy(() ->
                        LocalStack.check(traced(folder.resolve("no/such/file").toString())))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("name a file in a folder that exists");
    }
}
