package dev.stepstile.functions;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.stepstile.codec.Json;
import dev.stepstile.lambda.PrimedStart;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What a function does before a snapshot of it is taken, in a JVM of its own. */
class PrimingTest {
    @TempDir
    Path folder;

    private final Map<String, String> more = new HashMap<>();

    /**
     * The limits are a tenth above what was counted when they were set (Java 25, the classes of the JDK included): a
     * library that one more class brings along is seen here, and not only in {@code bench functions}.
     */
    @ParameterizedTest
    @CsvSource({"dispatch, 5100", "step, 5900", "runs, 4900"})
    void a_rehearsal_writes_nothing_sends_nothing_and_loads_few_classes(String function, long most)
            throws IOException, InterruptedException {
        List<String> calls = new CopyOnWriteArrayList<>();
        List<String> printed = primedOverAws(function, calls);
        assertThat(calls).containsExactly("GetItem rehearsal", "SendMessageBatch of 0");
        assertThat(printed).noneMatch(line -> line.contains("Before the snapshot"));
        assertThat(number(printed, "hooks")).isEqualTo(1);
        assertThat(number(printed, "classes")).isBetween(most / 2, most);
    }

    /** Spans cost nothing where they go nowhere. */
    @ParameterizedTest
    @CsvSource({"dispatch", "step", "runs"})
    void no_class_of_opentelemetry_is_loaded_unless_spans_go_somewhere(String function)
            throws IOException, InterruptedException {
        Path classes = folder.resolve("classes");
        more.put("JAVA_TOOL_OPTIONS", "-Xlog:class+load:file=" + classes);
        primedOverAws(function, new CopyOnWriteArrayList<>());
        assertThat(Files.readString(classes))
                .contains("dev.stepstile.usecase.Traces")
                .doesNotContain("opentelemetry");
        if (function.equals("runs")) {
            more.put("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:4318");
            primedOverAws(function, new CopyOnWriteArrayList<>());
            assertThat(Files.readString(classes)).contains("io.opentelemetry.");
        }
    }

    @Test
    void a_rehearsal_that_fails_warns_and_what_follows_it_is_done() throws IOException, InterruptedException {
        List<String> calls = new CopyOnWriteArrayList<>();
        assertThat(primedOverAws("failing", calls))
                .filteredOn(line -> line.contains("Before the snapshot"))
                .singleElement()
                .satisfies(line -> assertThat(line).contains("rehearsing an event failed", "NoClassDefFoundError"));
        assertThat(calls).containsExactly("GetItem rehearsal", "SendMessageBatch of 0");
    }

    @Test
    void a_rehearsal_that_does_not_reach_aws_warns_and_the_function_is_made() throws IOException, InterruptedException {
        int closed;
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            closed = socket.getLocalPort();
        }
        List<String> printed = primed("step", closed);
        assertThat(printed)
                .filteredOn(line -> line.contains("Before the snapshot"))
                .singleElement()
                .satisfies(line -> assertThat(line)
                        .contains("WARN")
                        .contains("a call to AWS failed")
                        .contains("first invocations take longer"));
        assertThat(number(printed, "hooks")).isEqualTo(1);
    }

    private List<String> primedOverAws(String function, List<String> calls) throws IOException, InterruptedException {
        HttpServer aws = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        aws.createContext("/", exchange -> answer(exchange, calls));
        aws.start();
        try {
            return primed(function, aws.getAddress().getPort());
        } finally {
            aws.stop(0);
        }
    }

    private List<String> primed(String function, int port) throws IOException, InterruptedException {
        String endpoint = "http://127.0.0.1:" + port;
        Map<String, String> variables = new HashMap<>(Map.of(
                "STEPSTILE_TABLE",
                "table",
                "STEPSTILE_QUEUE_URL",
                endpoint + "/000000000000/steps",
                "STEPSTILE_DLQ_URL",
                endpoint + "/000000000000/dead",
                "STEPSTILE_BUCKET",
                "bucket",
                "STEPSTILE_DYNAMODB_ENDPOINT",
                endpoint,
                "STEPSTILE_SQS_ENDPOINT",
                endpoint,
                "STEPSTILE_S3_ENDPOINT",
                endpoint));
        variables.putAll(more);
        variables.putAll(Map.of(
                "AWS_LAMBDA_INITIALIZATION_TYPE",
                "snap-start",
                "AWS_REGION",
                "eu-central-1",
                "AWS_ACCESS_KEY_ID",
                "none",
                "AWS_SECRET_ACCESS_KEY",
                "none",
                PrimedStart.FUNCTION,
                function));
        return FunctionProcess.printedBy(PrimedStart.class, folder, variables);
    }

    /** As AWS answers to both: there is no such item, and a batch may not be empty. */
    private static void answer(HttpExchange exchange, List<String> calls) throws IOException {
        String target = exchange.getRequestHeaders().getFirst("X-Amz-Target");
        var call = Json.parse(new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8));
        int status = 200;
        String body = "{}";
        if (target.endsWith(".GetItem")) {
            calls.add("GetItem " + call.path("Key").path("sk").path("S").asText());
        } else if (target.endsWith(".SendMessageBatch")) {
            calls.add("SendMessageBatch of " + call.path("Entries").size());
            status = 400;
            body = "{\"__type\":\"com.amazonaws.sqs#EmptyBatchRequest\",\"message\":\"empty\"}";
        } else {
            calls.add(target);
        }
        byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
        exchange.getResponseHeaders().set("Content-Type", "application/x-amz-json-1.0");
        exchange.sendResponseHeaders(status, bytes.length);
        try (var out = exchange.getResponseBody()) {
            out.write(bytes);
        }
    }

    private static long number(List<String> printed, String name) {
        return printed.stream()
                .filter(line -> line.startsWith(name + " "))
                .mapToLong(line -> Long.parseLong(line.substring(name.length() + 1)))
                .findFirst()
                .orElseThrow();
    }
}
