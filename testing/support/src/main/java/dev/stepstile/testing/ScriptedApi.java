package dev.stepstile.testing;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.Function;

/** An HTTP server on loopback that answers as a test tells it to: faults that a real stack cannot be asked for, or AWS. */
public final class ScriptedApi implements AutoCloseable {
    private final HttpServer server;
    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
    private final List<Call> calls = new CopyOnWriteArrayList<>();

    /** As it came; the target has path and query, percent-encoded. */
    public record Call(String method, String target, Map<String, String> headers, String body) {}

    /** What is answered. Not a record: bytes have no equality. */
    public static final class Answer {
        /** Nothing is sent, and the connection is closed. */
        public static final Answer HANG_UP = new Answer(0, new byte[0], Map.of());

        private final int status;
        private final byte[] body;
        private final Map<String, String> headers;

        public Answer(int status, byte[] body, Map<String, String> headers) {
            this.status = status;
            this.body = body.clone();
            this.headers = Map.copyOf(headers);
        }

        public Answer(int status, String body, Map<String, String> headers) {
            this(status, body.getBytes(StandardCharsets.UTF_8), headers);
        }

        /** As a text. */
        public String body() {
            return new String(body, StandardCharsets.UTF_8);
        }

        /** Without a content type. */
        public static Answer of(int status, String body) {
            return new Answer(status, body, Map.of());
        }

        public static Answer of(int status, String type, String body) {
            return new Answer(status, body, Map.of("content-type", type));
        }

        public static Answer json(String body) {
            return of(200, "application/json", body);
        }

        public static Answer problem(String type, int status) {
            return of(
                    status,
                    "application/problem+json",
                    "{\"type\":\"https://stepstile.dev/problems/" + type + "\",\"status\":" + status
                            + ",\"detail\":\"What to do instead.\"}");
        }
    }

    public ScriptedApi(Function<Call, Answer> answers) throws IOException {
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.setExecutor(threads);
        server.createContext("/", exchange -> answer(exchange, answers));
        server.start();
    }

    private void answer(HttpExchange exchange, Function<Call, Answer> answers) throws IOException {
        try (exchange) {
            Map<String, String> headers = new TreeMap<>(String.CASE_INSENSITIVE_ORDER);
            exchange.getRequestHeaders().forEach((name, values) -> headers.put(name, values.getFirst()));
            Call call = new Call(
                    exchange.getRequestMethod(),
                    exchange.getRequestURI().toString(),
                    headers,
                    new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8));
            calls.add(call);
            Answer answer = answers.apply(call);
            if (answer.status == 0) {
                return;
            }
            answer.headers.forEach(exchange.getResponseHeaders()::set);
            exchange.sendResponseHeaders(answer.status, answer.body.length == 0 ? -1 : answer.body.length);
            exchange.getResponseBody().write(answer.body);
        }
    }

    public URI endpoint() {
        return URI.create("http://127.0.0.1:" + server.getAddress().getPort());
    }

    /** What was called so far. */
    public List<Call> calls() {
        return calls;
    }

    @Override
    public void close() {
        server.stop(0);
        threads.close();
    }
}
