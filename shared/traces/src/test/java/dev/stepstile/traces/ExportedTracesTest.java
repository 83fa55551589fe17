package dev.stepstile.traces;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.sun.net.httpserver.HttpServer;
import dev.stepstile.step.DispatchId;
import dev.stepstile.step.Span;
import dev.stepstile.step.StepError;
import dev.stepstile.step.StepId;
import dev.stepstile.step.TraceParent;
import dev.stepstile.usecase.Traces;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What leaves the process, and what a collector that is down costs. */
class ExportedTracesTest {
    private static final Instant START = Instant.parse("2026-11-30T01:00:00.123Z");
    private static final TraceParent CALLER =
            new TraceParent("4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7", TraceParent.SAMPLED);
    private static final StepId STEP = new StepId("nightly", "load[eu]");
    private static final DispatchId DISPATCH = new DispatchId("nightly", "d-1");

    @TempDir
    Path folder;

    private static Span attempt(StepError.@Nullable Kind error) {
        return new Span(
                CALLER.ofAttempt(STEP, 1),
                CALLER.ofDispatch(DISPATCH).spanId(),
                new Span.Processed(
                        STEP, 1, "d-1", "flights.day", error, new TreeMap<>(Map.of("dagster.step_key", "load"))),
                START,
                START.plusMillis(1_500));
    }

    private static Span dispatch() {
        return Span.of(
                        DISPATCH,
                        CALLER,
                        new Span.Sent(DISPATCH, 3, new TreeMap<>(Map.of("dagster/run_id", "r-7"))),
                        START,
                        START)
                .orElseThrow();
    }

    private static Traces to(String target, Map<String, String> environment) {
        return TraceTargets.of(target, environment, InstantSource.fixed(START));
    }

    private static Map<String, String> attributes(JsonNode span) {
        Map<String, String> attributes = new TreeMap<>();
        span.path("attributes").forEach(attribute -> {
            JsonNode value = attribute.path("value");
            attributes.put(
                    attribute.path("key").asText(), value.iterator().next().asText());
        });
        return attributes;
    }

    @Test
    void are_lines_of_otlp_in_a_file() throws IOException {
        Path file = folder.resolve("traces.jsonl");
        Traces traces = to(file.toString(), Map.of("OTEL_SERVICE_NAME", "steps"));
        traces.flush();
        assertThat(file).as("nothing was told").doesNotExist();
        traces.tell(dispatch());
        traces.tell(attempt(StepError.Kind.TIMEOUT));
        traces.flush();
        traces.tell(attempt(null));
        traces.flush();

        List<String> lines = Files.readAllLines(file);
        assertThat(lines).hasSize(2);
        JsonNode resource = new ObjectMapper()
                .readTree(lines.getFirst())
                .path("resourceSpans")
                .path(0);
        assertThat(attributes(resource.path("resource"))).isEqualTo(Map.of("service.name", "steps"));
        JsonNode spans = resource.path("scopeSpans").path(0).path("spans");
        JsonNode sent = spans.path(0);
        assertThat(sent.path("name").asText()).isEqualTo("send stepstile");
        assertThat(sent.path("kind").asInt()).as("PRODUCER").isEqualTo(4);
        assertThat(sent.path("spanId").asText()).isEqualTo("7b844a3378442569");
        assertThat(sent.path("parentSpanId").asText()).isEqualTo(CALLER.spanId());
        assertThat(sent.path("links")).isEmpty();
        assertThat(attributes(sent))
                .isEqualTo(Map.of(
                        "messaging.system", "stepstile",
                        "messaging.destination.name", "stepstile",
                        "messaging.operation.name", "send",
                        "messaging.operation.type", "send",
                        "messaging.batch.message_count", "3",
                        "stepstile.run.id", "nightly",
                        "stepstile.dispatch.id", "d-1",
                        "stepstile.tag.dagster/run_id", "r-7"));
        JsonNode failed = spans.path(1);
        assertThat(failed.path("name").asText()).isEqualTo("process flights.day");
        assertThat(failed.path("kind").asInt()).as("CONSUMER").isEqualTo(5);
        assertThat(failed.path("traceId").asText()).isEqualTo(CALLER.traceId());
        assertThat(failed.path("spanId").asText()).isEqualTo("7d611217f34b8d67");
        assertThat(failed.path("parentSpanId").asText()).isEqualTo("7b844a3378442569");
        assertThat(failed.path("links").path(0).path("spanId").asText()).isEqualTo("7b844a3378442569");
        assertThat(failed.path("status").path("code").asInt()).as("error").isEqualTo(2);
        assertThat(failed.path("endTimeUnixNano").asLong()
                        - failed.path("startTimeUnixNano").asLong())
                .isEqualTo(Duration.ofMillis(1_500).toNanos());
        assertThat(attributes(failed))
                .containsEntry("error.type", "TIMEOUT")
                .containsEntry("stepstile.step.key", "load[eu]")
                .containsEntry("stepstile.attempt", "1")
                .containsEntry("stepstile.handler", "flights.day")
                .containsEntry("stepstile.tag.dagster.step_key", "load");
        assertThat(lines.getLast()).doesNotContain("error.type").contains("7d611217f34b8d67");
    }

    private static HttpServer collector(List<String> received, CountDownLatch open) throws IOException {
        HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/", exchange -> {
            try {
                open.await();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
            byte[] body = exchange.getRequestBody().readAllBytes();
            received.add(exchange.getRequestURI() + " "
                    + exchange.getRequestHeaders().getFirst("Content-Type") + " "
                    + exchange.getRequestHeaders().getFirst("Api-Key") + " "
                    + new String(body, StandardCharsets.ISO_8859_1));
            exchange.sendResponseHeaders(200, -1);
            exchange.close();
        });
        server.start();
        return server;
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "/", "/v1/traces"})
    void reach_a_collector_by_http(String path) throws IOException {
        List<String> received = new CopyOnWriteArrayList<>();
        HttpServer server = collector(received, new CountDownLatch(0));
        try {
            Traces traces = to(
                    "http://127.0.0.1:" + server.getAddress().getPort() + path,
                    Map.of("OTEL_EXPORTER_OTLP_HEADERS", "other=1, api-key=a%3Db"));
            traces.tell(attempt(null));
            traces.flush();
            assertThat(received)
                    .singleElement()
                    .satisfies(request -> assertThat(request)
                            .startsWith("/v1/traces application/x-protobuf a=b ")
                            .contains("process flights.day", "load[eu]"));
        } finally {
            server.stop(0);
        }
    }

    @Test
    void do_not_wait_for_a_collector_that_hangs_or_is_down() throws IOException {
        CountDownLatch closed = new CountDownLatch(1);
        HttpServer server = collector(new CopyOnWriteArrayList<>(), closed);
        int port = server.getAddress().getPort();
        Traces traces = to("http://127.0.0.1:" + port, Map.of());
        traces.tell(attempt(null));
        long began = System.nanoTime();
        traces.flush();
        assertThat(Duration.ofNanos(System.nanoTime() - began)).isLessThan(Duration.ofSeconds(10));
        closed.countDown();
        server.stop(0);
        traces.tell(attempt(null));
        traces.flush();
    }

    @ParameterizedTest
    @ValueSource(strings = {"http://", "https:///v1/traces", "http://user:secret@example.com", "no/such/folder/file"})
    void have_a_target_or_say_what_is_wrong_with_it(String target) {
        assertThatThrownBy(() -> to(target, Map.of()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageNotContaining("secret");
    }
}
