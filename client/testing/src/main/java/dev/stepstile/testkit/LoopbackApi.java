package dev.stepstile.testkit;

import com.sun.net.httpserver.Headers;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.stepstile.http.Http;
import dev.stepstile.port.PortException;
import dev.stepstile.step.Limits;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The HTTP API on a free port of the loopback address, by the JDK's own server: for tests, which need no more of HTTP. */
final class LoopbackApi implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(LoopbackApi.class);

    private final EngineUnderTest engine;
    private final HttpServer server;
    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();

    LoopbackApi(EngineUnderTest engine) {
        this.engine = engine;
        try {
            server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        } catch (IOException e) {
            throw new UncheckedIOException("no port of the loopback address can be opened", e);
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
            Http.Answer answer = answer(exchange);
            byte[] body = answer.body().getBytes(StandardCharsets.UTF_8);
            answer.headers().forEach(exchange.getResponseHeaders()::set);
            exchange.getResponseHeaders().set("content-type", answer.contentType());
            exchange.sendResponseHeaders(answer.status(), body.length);
            exchange.getResponseBody().write(body);
        }
    }

    private Http.Answer answer(HttpExchange exchange) throws IOException {
        if (exchange.getRequestHeaders().containsKey("Origin")) {
            return problem(403, "not-from-a-page", "The API of a test is not for web pages.");
        }
        byte[] body = exchange.getRequestBody().readNBytes(Limits.REQUEST_BYTES + 1);
        if (body.length > Limits.REQUEST_BYTES) {
            return problem(413, "request-too-large", "The request body is too large; dispatch in several calls.");
        }
        URI target = exchange.getRequestURI();
        String query = target.getRawQuery() == null ? "" : target.getRawQuery();
        String text = body.length == 0 ? null : new String(body, StandardCharsets.UTF_8);
        try {
            return engine.answer(
                    exchange.getRequestMethod(),
                    target.getRawPath(),
                    query,
                    headers(exchange.getRequestHeaders()),
                    text);
        } catch (PortException e) {
            return problem(503, "unavailable", "The stack is being closed; retry the call, which is safe.");
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return problem(503, "unavailable", "The stack is being closed.");
        } catch (RuntimeException e) {
            LOG.error("The HTTP API failed to answer a call; the caller gets status 500.", e);
            return problem(500, "internal", "Internal error; see the log.");
        }
    }

    private static Map<String, String> headers(Headers sent) {
        Map<String, String> headers = new TreeMap<>();
        sent.forEach((name, values) -> headers.put(name.toLowerCase(Locale.ROOT), String.join(",", values)));
        return headers;
    }

    private static Http.Answer problem(int status, String type, String detail) {
        return new Http.Problem(status, type, detail).answer();
    }

    @Override
    public void close() {
        server.stop(0);
        threads.shutdownNow();
    }
}
