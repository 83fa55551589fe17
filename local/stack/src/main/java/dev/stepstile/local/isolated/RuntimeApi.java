package dev.stepstile.local.isolated;

import com.fasterxml.jackson.databind.JsonNode;
import com.sun.net.httpserver.Headers;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.stepstile.codec.Json;
import dev.stepstile.emulators.HiddenLoopback;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Lambda's Runtime API for one function environment, on loopback: the runtime in the environment asks for the next
 * invocation, and posts its response or error. See "Lambda runtime API" in AWS's Lambda Developer Guide, 2018-06-01.
 */
final class RuntimeApi implements AutoCloseable {
    private static final String BASE = "/2018-06-01/runtime/";
    private static final String INVOCATION = BASE + "invocation/";

    /** Lambda's own limit for a synchronous response. */
    private static final int RESPONSE_BYTES = 6 * 1024 * 1024;

    private final HttpServer server;
    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
    private final SynchronousQueue<Invocation> next = new SynchronousQueue<>();
    private final String functionArn;
    private volatile @Nullable Invocation running;
    private volatile @Nullable String initError;

    RuntimeApi(String functionArn) {
        this.functionArn = functionArn;
        try {
            server = HttpServer.create(new InetSocketAddress(HiddenLoopback.address(), 0), 16);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        server.createContext(INVOCATION, this::invocation);
        server.createContext(BASE + "init/error", this::initError);
        server.setExecutor(threads);
        server.start();
    }

    /**
     * One event for the function.
     *
     * @param event as JSON
     * @param timeout the function's; counted from when the runtime takes the event
     * @param outcome what the runtime posts
     */
    record Invocation(String id, String event, Duration timeout, CompletableFuture<Outcome> outcome) {
        static Invocation of(String event, Duration timeout) {
            return new Invocation(UUID.randomUUID().toString(), event, timeout, new CompletableFuture<>());
        }
    }

    /** What the runtime posted. */
    sealed interface Outcome {
        record Response(String json) implements Outcome {}

        /** The handler threw; the environment may go on. */
        record FunctionError(String message) implements Outcome {}
    }

    /** For {@code AWS_LAMBDA_RUNTIME_API}. */
    String address() {
        return HiddenLoopback.address().getHostAddress() + ":"
                + server.getAddress().getPort();
    }

    /** Hands an invocation to the runtime; false if it did not ask for one within {@code wait}. */
    boolean hand(Invocation invocation, Duration wait) throws InterruptedException {
        return next.offer(invocation, wait.toMillis(), TimeUnit.MILLISECONDS);
    }

    /** Why the function could not be initialised, if the runtime said so. */
    @Nullable
    String initError() {
        return initError;
    }

    private void invocation(HttpExchange exchange) throws IOException {
        try (exchange) {
            String[] path = exchange.getRequestURI()
                    .getPath()
                    .substring(INVOCATION.length())
                    .split("/", -1);
            switch (exchange.getRequestMethod() + " " + path[path.length - 1]) {
                case "GET next" -> next(exchange);
                case "POST response" -> ended(exchange, path[0], new Outcome.Response(body(exchange, RESPONSE_BYTES)));
                case "POST error" -> ended(exchange, path[0], new Outcome.FunctionError(error(exchange)));
                default -> answer(exchange, 404, "{\"errorType\":\"NotFound\"}");
            }
        } catch (InterruptedException closing) {
            Thread.currentThread().interrupt();
        }
    }

    private void next(HttpExchange exchange) throws IOException, InterruptedException {
        Invocation invocation = next.take();
        running = invocation;
        Headers headers = exchange.getResponseHeaders();
        headers.set("Lambda-Runtime-Aws-Request-Id", invocation.id());
        headers.set(
                "Lambda-Runtime-Deadline-Ms",
                Long.toString(Instant.now().plus(invocation.timeout()).toEpochMilli()));
        headers.set("Lambda-Runtime-Invoked-Function-Arn", functionArn);
        headers.set("Lambda-Runtime-Trace-Id", "Root=1-00000000-000000000000000000000000;Sampled=0");
        answer(exchange, 200, invocation.event());
    }

    private void ended(HttpExchange exchange, String id, Outcome outcome) throws IOException {
        Invocation invocation = running;
        if (invocation == null || !invocation.id().equals(id)) {
            answer(exchange, 400, "{\"errorType\":\"InvalidRequestID\"}");
            return;
        }
        running = null;
        invocation.outcome().complete(outcome);
        answer(exchange, 202, "{\"status\":\"OK\"}");
    }

    private void initError(HttpExchange exchange) throws IOException {
        try (exchange) {
            initError = error(exchange);
            answer(exchange, 202, "{\"status\":\"OK\"}");
        }
    }

    private static String error(HttpExchange exchange) throws IOException {
        String body = body(exchange, RESPONSE_BYTES);
        try {
            JsonNode error = Json.parse(body);
            return error.path("errorType").asText("unknown") + ": "
                    + error.path("errorMessage").asText("");
        } catch (Json.BadJson e) {
            return "an error that does not read: " + e.getMessage();
        }
    }

    private static String body(HttpExchange exchange, int limit) throws IOException {
        return new String(exchange.getRequestBody().readNBytes(limit), StandardCharsets.UTF_8);
    }

    private static void answer(HttpExchange exchange, int status, String json) throws IOException {
        byte[] body = json.getBytes(StandardCharsets.UTF_8);
        exchange.getResponseHeaders().set("Content-Type", "application/json");
        exchange.sendResponseHeaders(status, body.length);
        exchange.getResponseBody().write(body);
    }

    @Override
    public void close() {
        server.stop(0);
        threads.shutdownNow();
    }
}
