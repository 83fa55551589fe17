package dev.stepstile.local;

import com.amazonaws.services.lambda.runtime.RequestStreamHandler;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.stepstile.step.Limits;
import dev.stepstile.wire.Http;
import dev.stepstile.wire.Json;
import dev.stepstile.wire.Target;
import dev.stepstile.wire.Utf8;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.BindException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Base64;
import java.util.Locale;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What API Gateway does: an HTTP API on loopback in front of the dispatch and runs functions. It knows no callers, so
 * it answers none that a web page sent: a call with an Origin, or to a host name other than loopback's, is refused.
 */
final class HttpApi implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(HttpApi.class);
    static final Duration TIMEOUT = Duration.ofSeconds(30);

    static {
        System.setProperty("sun.net.httpserver.nodelay", "true"); // or each answer waits 40 ms for an acknowledgement
    }

    private final RequestStreamHandler dispatch;
    private final RequestStreamHandler runs;
    private final HttpServer server;
    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();

    HttpApi(int port, RequestStreamHandler dispatch, RequestStreamHandler runs) {
        this.dispatch = dispatch;
        this.runs = runs;
        try {
            server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 128);
        } catch (BindException e) {
            throw new UncheckedIOException(
                    "Port " + port + " is taken; say --port with another, or 0 for a free one.", e);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        server.createContext("/", this::handle);
        server.setExecutor(threads);
        server.start();
    }

    URI endpoint() {
        return URI.create("http://127.0.0.1:" + server.getAddress().getPort());
    }

    private void handle(HttpExchange exchange) throws IOException {
        try (exchange) {
            answer(exchange, answer(exchange));
        } catch (RuntimeException e) {
            LOG.error("HTTP API", e);
            throw e;
        }
    }

    private Http.Answer answer(HttpExchange exchange) throws IOException {
        String host = exchange.getRequestHeaders().getFirst("Host");
        if (exchange.getRequestHeaders().containsKey("Origin") || !isLoopback(host)) {
            return new Http.Problem(
                            403, "not-from-a-page", "The local API is for programs on this machine, by 127.0.0.1.")
                    .answer();
        }
        byte[] body = exchange.getRequestBody().readNBytes(Limits.REQUEST_BYTES + 1);
        if (body.length > Limits.REQUEST_BYTES) {
            return new Http.Problem(
                            413,
                            "request-too-large",
                            "The body is over " + Limits.REQUEST_BYTES + " bytes; dispatch in several calls.")
                    .answer();
        }
        byte[] event;
        try {
            event = event(exchange, body);
        } catch (Http.Problem problem) {
            return problem.answer();
        }
        boolean dispatches = exchange.getRequestURI().getRawPath().endsWith("/dispatches");
        String function = dispatches ? "dispatch" : "runs";
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try {
            (dispatches ? dispatch : runs)
                    .handleRequest(new ByteArrayInputStream(event), out, new LocalContext(function, TIMEOUT));
        } catch (IOException lost) {
            LOG.info("The {} function was lost ({}); the caller calls again.", function, lost.getMessage());
            return new Http.Answer(500, "application/json", "{\"message\":\"Internal Server Error\"}"); // API Gateway's
        }
        JsonNode answer = Json.parse(out.toString(StandardCharsets.UTF_8));
        SortedMap<String, String> headers = new TreeMap<>();
        answer.path("headers")
                .properties()
                .forEach(e -> headers.put(e.getKey(), e.getValue().asText()));
        String type = headers.remove("content-type");
        return new Http.Answer(
                answer.path("statusCode").intValue(),
                type == null ? "application/json" : type,
                answer.path("body").asText(""),
                headers);
    }

    /** As API Gateway makes it: a path that is decoded, a query as it was sent, a body in base64 if it is no text. */
    private static byte[] event(HttpExchange exchange, byte[] body) {
        String path = Target.decodedPath(exchange.getRequestURI().getRawPath());
        String query = exchange.getRequestURI().getRawQuery();
        ObjectNode event = Json.object().put("version", "2.0").put("routeKey", "$default");
        event.put("rawPath", path).put("rawQueryString", query == null ? "" : query);
        event.putObject("requestContext")
                .putObject("http")
                .put("method", exchange.getRequestMethod())
                .put("path", path);
        boolean text = true;
        if (body.length > 0) {
            try {
                event.put("body", Utf8.text(body));
            } catch (Json.BadJson e) {
                text = false;
                event.put("body", Base64.getEncoder().encodeToString(body));
            }
        }
        event.put("isBase64Encoded", !text);
        return Json.print(event).getBytes(StandardCharsets.UTF_8);
    }

    private static void answer(HttpExchange exchange, Http.Answer answer) throws IOException {
        byte[] body = answer.body().getBytes(StandardCharsets.UTF_8);
        exchange.getResponseHeaders().set("content-type", answer.contentType());
        answer.headers().forEach(exchange.getResponseHeaders()::set);
        exchange.sendResponseHeaders(answer.status(), body.length);
        exchange.getResponseBody().write(body);
    }

    private static boolean isLoopback(@Nullable String host) {
        String name = host == null ? "" : host.replaceFirst(":[0-9]+$", "").toLowerCase(Locale.ROOT);
        return name.equals("127.0.0.1") || name.equals("localhost") || name.equals("[::1]");
    }

    @Override
    public void close() {
        server.stop(0);
        threads.shutdownNow();
    }
}
