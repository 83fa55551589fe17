package dev.stepstile.local.http;

import com.amazonaws.services.lambda.runtime.RequestStreamHandler;
import dev.stepstile.http.Http;
import dev.stepstile.http.OpenApi;
import dev.stepstile.local.console.Console;
import dev.stepstile.local.metrics.MetricsText;
import dev.stepstile.step.Limits;
import dev.stepstile.usecase.InMemoryMeter;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.BindException;
import java.net.InetAddress;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.eclipse.jetty.http.HttpFields;
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
 * What API Gateway does: an HTTP API on loopback, in front of the dispatch and runs functions or of an API elsewhere; and
 * the web console beside it. {@link Callers} says who may call. Every refusal is a problem+json, those of the server itself
 * too.
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

    private final ApiCalls calls;
    private final Callers callers;
    private final Console console;

    /** Null of an API elsewhere. */
    private final @Nullable InMemoryMeter meter;

    private final Server server;
    private final ServerConnector connector;
    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
    private final Admission admission;
    private final Duration bodyWithin;

    /** In front of the functions, for each program of this machine, with the console. */
    public HttpApi(int port, RequestStreamHandler dispatch, RequestStreamHandler runs) {
        this(port, dispatch, runs, new Bounds(IDLE, new Admission(), BODY));
    }

    /** @param meter what {@code GET /metrics} tells */
    public HttpApi(int port, RequestStreamHandler dispatch, RequestStreamHandler runs, InMemoryMeter meter) {
        this(
                port,
                new FunctionCalls(dispatch, runs),
                Callers.programs(),
                "",
                meter,
                new Bounds(IDLE, new Admission(), BODY));
    }

    /**
     * In front of an API, with its console.
     *
     * @param port 0 for a free one
     * @param api what the console shows as its API; empty for this machine's own
     */
    public HttpApi(int port, ApiCalls calls, Callers callers, String api) {
        this(port, calls, callers, api, null, new Bounds(IDLE, new Admission(), BODY));
    }

    /**
     * What one caller may take.
     *
     * @param idle for how long nothing may come or go on a connection
     * @param bodyWithin for how long a body may take to arrive, however steadily it comes
     */
    record Bounds(Duration idle, Admission admission, Duration bodyWithin) {}

    HttpApi(int port, RequestStreamHandler dispatch, RequestStreamHandler runs, Bounds bounds) {
        this(port, new FunctionCalls(dispatch, runs), Callers.programs(), "", null, bounds);
    }

    private HttpApi(
            int port, ApiCalls calls, Callers callers, String api, @Nullable InMemoryMeter meter, Bounds bounds) {
        this.calls = calls;
        this.meter = meter;
        this.callers = callers;
        this.admission = bounds.admission();
        this.bodyWithin = bounds.bodyWithin();
        this.console = new Console(api, callers.tokenInPage());
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
        connector.setIdleTimeout(bounds.idle().toMillis());
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
        String path = request.getHttpURI().getPath();
        Optional<Http.Answer> file = path == null ? Optional.empty() : console.file(path);
        if (file.isPresent()) {
            callers.admitReader(request.getMethod(), request.getHeaders());
            return file.get();
        }
        callers.admitCall(request.getMethod(), request.getHeaders());
        if (request.getMethod().equals("GET") && "/openapi.json".equals(path)) {
            return new Http.Answer(200, "application/json", OpenApi.document(endpoint()));
        }
        if (meter != null && request.getMethod().equals("GET") && "/metrics".equals(path)) {
            MetricsText.Format format =
                    MetricsText.Format.of(request.getHeaders().getQualityCSV(HttpHeader.ACCEPT));
            return new Http.Answer(200, format.contentType(), MetricsText.of(meter, format));
        }
        return admission.admit(request.getLength(), () -> {
            byte[] read = read(body);
            if (path == null || !path.startsWith("/")) {
                throw Http.Problem.badRequest("bad-path", "The request target must be a path.");
            }
            return calls.answer(
                    request.getMethod(), path, request.getHttpURI().getQuery(), headers(request.getHeaders()), read);
        });
    }

    /** Values of one name are joined, as API Gateway does. */
    private static Map<String, String> headers(HttpFields sent) {
        Map<String, String> headers = new TreeMap<>();
        sent.forEach(field -> headers.merge(field.getLowerCaseName(), field.getValue(), (a, b) -> a + "," + b));
        return headers;
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
                status < 500 || status == 505 // another version of HTTP
                        ? new Http.Problem(400, "bad-request", "The request is not valid HTTP/1.1.")
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
        response.getHeaders().put("x-content-type-options", "nosniff"); // a browser shows an answer as what it is
        answer.headers().forEach(response.getHeaders()::put);
        response.write(true, ByteBuffer.wrap(body), callback);
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
