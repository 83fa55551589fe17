package dev.stepstile.local.http;

import com.amazonaws.services.lambda.runtime.RequestStreamHandler;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.stepstile.codec.Json;
import dev.stepstile.http.Http;
import dev.stepstile.http.RequestTarget;
import dev.stepstile.http.Utf8;
import dev.stepstile.local.events.LocalContext;
import dev.stepstile.step.Limits;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.BindException;
import java.net.InetAddress;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Base64;
import java.util.Locale;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.http.UriCompliance;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.HttpConfiguration;
import org.eclipse.jetty.server.HttpConnectionFactory;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.eclipse.jetty.util.Callback;
import org.eclipse.jetty.util.thread.QueuedThreadPool;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What API Gateway does: an HTTP API on loopback in front of the dispatch and runs functions. It knows no callers, so
 * it answers none that a web page sent: a call with an Origin, or to a host name other than loopback's, is refused.
 * Every refusal is a problem+json, those of the server itself too.
 */
public final class HttpApi implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(HttpApi.class);
    public static final Duration TIMEOUT = Duration.ofSeconds(30);

    /** Longer than a function takes. A connection on which nothing comes or goes for as long is closed. */
    private static final Duration IDLE = Duration.ofSeconds(60);

    /** For the whole of a body: on one machine it takes a fraction of a second. */
    private static final Duration BODY = Duration.ofSeconds(60);

    /** A request line with a cursor, and what a client sends beside it; API Gateway takes 10 KB with all headers. */
    private static final int HEADER_BYTES = 16 * 1024;

    /** Of a refused body, read and discarded, or the caller would see a lost connection before the answer. */
    private static final int FORGOTTEN_BYTES = 64 * 1024 * 1024;

    private final RequestStreamHandler dispatch;
    private final RequestStreamHandler runs;
    private final Server server;
    private final ServerConnector connector;
    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
    private final Admission admission;
    private final Duration bodyWithin;

    public HttpApi(int port, RequestStreamHandler dispatch, RequestStreamHandler runs) {
        this(port, dispatch, runs, IDLE, new Admission(), BODY);
    }

    /**
     * @param idle for how long nothing may come or go on a connection
     * @param bodyWithin for how long a body may take to arrive, however steadily it comes
     */
    HttpApi(
            int port,
            RequestStreamHandler dispatch,
            RequestStreamHandler runs,
            Duration idle,
            Admission admission,
            Duration bodyWithin) {
        this.dispatch = dispatch;
        this.runs = runs;
        this.admission = admission;
        this.bodyWithin = bodyWithin;
        QueuedThreadPool pool = new QueuedThreadPool(16, 4);
        pool.setName("http-api");
        pool.setVirtualThreadsExecutor(threads);
        server = new Server(pool);
        HttpConfiguration configuration = new HttpConfiguration();
        configuration.setSendServerVersion(false);
        configuration.setRequestHeaderSize(HEADER_BYTES);
        configuration.setUriCompliance(UriCompliance.UNSAFE); // RequestTarget reports what is wrong with a path
        connector = new ServerConnector(server, 1, 1, new HttpConnectionFactory(configuration));
        connector.setHost(InetAddress.getLoopbackAddress().getHostAddress());
        connector.setPort(port);
        connector.setAcceptQueueSize(128);
        connector.setIdleTimeout(idle.toMillis());
        server.addConnector(connector);
        server.setErrorHandler(HttpApi::refusedByTheServer);
        server.setHandler(new Handler.Abstract() {
            @Override
            public boolean handle(Request request, Response response, Callback callback) {
                write(response, callback, answer(request));
                return true;
            }
        });
        server.setStopTimeout(0);
        start(port);
    }

    private void start(int port) {
        try {
            server.start();
        } catch (Exception e) {
            close();
            if (e instanceof BindException || e.getCause() instanceof BindException) {
                throw new UncheckedIOException(
                        "Port " + port + " is taken; choose another with --port, or 0 for a free one.",
                        new IOException(e));
            }
            throw new IllegalStateException("the HTTP API does not start", e);
        }
    }

    public URI endpoint() {
        return URI.create("http://127.0.0.1:" + connector.getLocalPort());
    }

    private Http.Answer answer(Request request) {
        CallBody body = new CallBody(request, bodyWithin);
        try {
            return allowed(request, body);
        } catch (Http.Problem problem) {
            forget(body);
            return problem.answer();
        } catch (RuntimeException e) {
            LOG.error("The HTTP API failed to answer a call; the caller gets status 500.", e);
            return new Http.Problem(500, "internal", "Internal error; see the log.").answer();
        }
    }

    private Http.Answer allowed(Request request, CallBody body) {
        String host = request.getHeaders().get(HttpHeader.HOST);
        if (request.getHeaders().contains(HttpHeader.ORIGIN) || !isLoopback(host)) {
            throw new Http.Problem(
                    403,
                    "not-from-a-page",
                    "The local API accepts calls from programs on this machine at 127.0.0.1, not from web pages.");
        }
        return admission.admit(request.getLength(), () -> invoked(request, body));
    }

    private Http.Answer invoked(Request request, CallBody body) {
        byte[] event = event(request, read(body));
        boolean dispatches = request.getHttpURI().getPath().endsWith("/dispatches");
        String function = dispatches ? "dispatch" : "runs";
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try {
            (dispatches ? dispatch : runs)
                    .handleRequest(new ByteArrayInputStream(event), out, new LocalContext(function, TIMEOUT));
        } catch (IOException lost) {
            LOG.info(
                    "The process of the {} function died ({}); the caller gets status 500 and may retry.",
                    function,
                    lost.getMessage());
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

    private static byte[] read(CallBody sent) {
        byte[] body;
        try {
            body = sent.read(Limits.REQUEST_BYTES);
        } catch (IOException e) {
            throw new Http.Problem(
                            408,
                            "request-timeout",
                            "The request body did not arrive: " + e.getMessage() + "; retry the call, which is safe.")
                    .with("connection", "close");
        }
        if (body.length > Limits.REQUEST_BYTES) {
            throw new Http.Problem(
                    413,
                    "request-too-large",
                    "The request body is over " + Limits.REQUEST_BYTES + " bytes; dispatch in several calls.");
        }
        return body;
    }

    /** What is left of a body whose call is refused; holds no room, as nothing of it is kept. */
    private static void forget(CallBody body) {
        try {
            body.forget(FORGOTTEN_BYTES);
        } catch (IOException broken) {
            LOG.debug("The body of a refused call did not arrive: {}", broken.getMessage());
        }
    }

    /** As API Gateway makes it: a path that is decoded, a query as it was sent, a body in base64 if it is no text. */
    private static byte[] event(Request request, byte[] body) {
        String encoded = request.getHttpURI().getPath();
        if (encoded == null || !encoded.startsWith("/")) {
            throw Http.Problem.badRequest("bad-path", "The request target must be a path.");
        }
        String path = RequestTarget.decodedPath(encoded);
        String query = request.getHttpURI().getQuery();
        ObjectNode event = Json.object().put("version", "2.0").put("routeKey", "$default");
        event.put("rawPath", path).put("rawQueryString", query == null ? "" : query);
        event.putObject("requestContext")
                .putObject("http")
                .put("method", request.getMethod())
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

    /** What never became a call: no HTTP, a header too large, a body that came too slowly. */
    private static boolean refusedByTheServer(Request request, Response response, Callback callback) {
        int status = response.getStatus();
        Http.Problem problem = switch (status) {
            case 408 ->
                new Http.Problem(
                        408, "request-timeout", "The request did not arrive in time; retry it, which is safe.");
            case 413, 414, 431 ->
                new Http.Problem(status, "request-too-large", "The request's target or headers are too large.");
            default ->
                status < 500
                        ? new Http.Problem(status, "bad-request", "The request is not valid HTTP/1.1.")
                        : new Http.Problem(status, "internal", "Internal error; see the log.");
        };
        write(response, callback, problem.answer());
        return true;
    }

    private static void write(Response response, Callback callback, Http.Answer answer) {
        byte[] body = answer.body().getBytes(StandardCharsets.UTF_8);
        response.setStatus(answer.status());
        response.getHeaders().put(HttpHeader.CONTENT_TYPE, answer.contentType());
        response.getHeaders().put(HttpHeader.CONTENT_LENGTH, body.length);
        answer.headers().forEach(response.getHeaders()::put);
        response.write(true, ByteBuffer.wrap(body), callback);
    }

    private static boolean isLoopback(@Nullable String host) {
        String name = host == null ? "" : host.replaceFirst(":[0-9]+$", "").toLowerCase(Locale.ROOT);
        return name.equals("127.0.0.1") || name.equals("localhost") || name.equals("[::1]");
    }

    @Override
    public void close() {
        try {
            server.stop();
        } catch (Exception e) {
            LOG.warn("The HTTP API did not stop cleanly: {}", e.toString());
        }
        threads.shutdownNow();
    }
}
