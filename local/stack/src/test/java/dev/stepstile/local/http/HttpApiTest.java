package dev.stepstile.local.http;

import static org.assertj.core.api.Assertions.assertThat;

import com.amazonaws.services.lambda.runtime.RequestStreamHandler;
import com.fasterxml.jackson.databind.JsonNode;
import dev.stepstile.codec.Json;
import dev.stepstile.step.Limits;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Base64;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What the local HTTP API lets through to the functions, and how. */
class HttpApiTest {
    /** Answers with its name and the event that it was given. */
    private static RequestStreamHandler echo(String name) {
        return (in, out, context) -> out.write(Json.print(Json.object()
                        .put("statusCode", 201)
                        .put(
                                "body",
                                name + " "
                                        + Json.print(
                                                Json.parse(new String(in.readAllBytes(), StandardCharsets.UTF_8)))))
                .getBytes(StandardCharsets.UTF_8));
    }

    private final HttpApi api = new HttpApi(0, echo("dispatch"), echo("runs"));

    @AfterEach
    void close() {
        api.close();
    }

    /** Sends a request as it stands, since an HTTP client would not send a foreign Host. */
    private String answer(String request) throws IOException {
        return answer(api.endpoint().getPort(), request);
    }

    private static String answer(int port, String request) throws IOException {
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
            socket.getOutputStream().write(request.getBytes(StandardCharsets.UTF_8));
            return new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    private String get(String path, String host, String headers) throws IOException {
        return answer("GET " + path + " HTTP/1.1\r\nHost: " + host + "\r\nConnection: close\r\n" + headers + "\r\n");
    }

    private String post(String path, String body) throws IOException {
        return post(api.endpoint().getPort(), path, body);
    }

    private static String post(int port, String path, String body) throws IOException {
        return answer(
                port,
                "POST " + path + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: " + body.length()
                        + "\r\n\r\n" + body);
    }

    private static JsonNode event(String answer) {
        return Json.parse(answer.substring(answer.indexOf("{")));
    }

    @Test
    void a_call_by_a_loopback_name_is_answered() throws IOException {
        for (String host : new String[] {"127.0.0.1:1234", "localhost", "LOCALHOST:80", "[::1]:80"}) {
            assertThat(get("/v1/runs/r", host, "")).startsWith("HTTP/1.1 201 ").contains("\r\n\r\nruns {");
        }
    }

    @Test
    void a_call_by_another_name_is_refused_as_a_page_may_have_bound_it_to_this_machine() throws IOException {
        for (String host : new String[] {"evil.example", "127.0.0.1.evil.example", "localhost.evil.example:80", ""}) {
            assertThat(get("/v1/runs/r", host, ""))
                    .startsWith(host.isEmpty() ? "HTTP/1.1 4" : "HTTP/1.1 403 ")
                    .contains(host.isEmpty() ? "/problems/" : "not-from-a-page");
        }
    }

    @Test
    void a_call_with_an_origin_is_refused_as_a_page_sent_it() throws IOException {
        assertThat(get("/v1/runs/r", "localhost", "Origin: http://elsewhere\r\n"))
                .startsWith("HTTP/1.1 403 ")
                .contains("application/problem+json")
                .contains("not-from-a-page");
    }

    @Test
    void a_body_over_the_limit_is_refused_with_what_to_do_instead() throws IOException {
        assertThat(post("/v1/runs/r/dispatches", " ".repeat(Limits.REQUEST_BYTES + 1)))
                .startsWith("HTTP/1.1 413 ")
                .contains("request-too-large")
                .contains("dispatch in several calls");
        assertThat(post("/v1/runs/r/dispatches", " ".repeat(Limits.REQUEST_BYTES)))
                .startsWith("HTTP/1.1 201 ");
    }

    /** As Python's client does: everything is sent before the answer is read. */
    @Test
    void a_body_far_over_the_limit_is_read_to_its_end_so_that_the_answer_arrives() throws IOException {
        assertThat(post("/v1/runs/r/dispatches", " ".repeat(40_000_000)))
                .startsWith("HTTP/1.1 413 ")
                .contains("application/problem+json")
                .contains("request-too-large");
    }

    @Test
    void a_large_body_of_a_refused_call_is_read_to_its_end_so_that_the_answer_arrives() throws IOException {
        String large = " ".repeat(40_000_000);
        assertThat(answer("POST /v1/runs/r/dispatches HTTP/1.1\r\nHost: localhost\r\nOrigin: http://elsewhere\r\n"
                        + "Connection: close\r\nContent-Length: " + large.length() + "\r\n\r\n" + large))
                .startsWith("HTTP/1.1 403 ")
                .contains("not-from-a-page");
        try (HttpApi full = new HttpApi(
                0,
                echo("dispatch"),
                echo("runs"),
                new HttpApi.Bounds(
                        Duration.ofSeconds(60), new Admission(100, Duration.ZERO), Duration.ofSeconds(60)))) {
            assertThat(post(full.endpoint().getPort(), "/v1/runs/r/dispatches", large))
                    .startsWith("HTTP/1.1 503 ")
                    .contains("/problems/busy");
        }
    }

    /** No pause of it is as long as a connection may be idle. */
    @Test
    void a_body_that_comes_byte_by_byte_is_given_up_and_its_room_is_free_again() throws Exception {
        try (HttpApi impatient = new HttpApi(
                        0,
                        echo("dispatch"),
                        echo("runs"),
                        new HttpApi.Bounds(
                                Duration.ofSeconds(60), new Admission(300_000, Duration.ZERO), Duration.ofSeconds(1)));
                Socket dribbler = new Socket(
                        InetAddress.getLoopbackAddress(), impatient.endpoint().getPort())) {
            int port = impatient.endpoint().getPort();
            dribbler.setTcpNoDelay(true);
            dribbler.setSoTimeout(50);
            dribbler.getOutputStream()
                    .write("POST /v1/runs/r/dispatches HTTP/1.1\r\nHost: localhost\r\nContent-Length: 200000\r\n\r\n"
                            .getBytes(StandardCharsets.UTF_8));
            assertThat(answerWhileSending(dribbler))
                    .startsWith("HTTP/1.1 408 ")
                    .contains("application/problem+json")
                    .contains("request-timeout");
            assertThat(post(port, "/v1/runs/r/dispatches", " ".repeat(200_000))).startsWith("HTTP/1.1 201 ");
        }
    }

    /** Sends a byte whenever no answer came for a moment, for ten seconds at most. */
    private static String answerWhileSending(Socket socket) throws IOException {
        for (int sent = 0; sent < 200; sent++) {
            socket.getOutputStream().write(' ');
            try {
                int first = socket.getInputStream().read();
                socket.setSoTimeout(10_000);
                return (char) first + new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            } catch (SocketTimeoutException silent) {
                // the next byte
            }
        }
        return "no answer";
    }

    @Test
    void what_is_no_call_by_http_is_refused_as_a_problem() throws IOException {
        String end = " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
        for (String request : new String[] {
            "GET /v1/runs/a b" + end,
            "GET v1/runs/r" + end,
            "GET http://[/v1" + end,
            "OPTIONS *" + end,
            "GET /v1/runs/%zz" + end,
            "GET /v1/runs/r HTTP/1.1\r\nHost: localhost\r\nContent-Length: x\r\nConnection: close\r\n\r\n",
            "GET /v1/runs/" + "r".repeat(20_000) + end,
            "GET /v1/runs/r HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nX: " + "x".repeat(20_000) + "\r\n\r\n",
            "nonsense\r\n\r\n",
        }) {
            assertThat(answer(request))
                    .as(request.substring(0, Math.min(40, request.length())))
                    .matches("(?s)HTTP/1.1 4[0-9][0-9] .*")
                    .containsIgnoringCase("content-type: application/problem+json")
                    .contains("https://stepstile.dev/problems/")
                    .doesNotContain("<html");
        }
    }

    @Test
    void a_key_in_brackets_may_be_in_a_path_as_it_is() throws IOException {
        assertThat(event(get("/v1/runs/r/steps/load[eu]", "localhost", ""))
                        .path("rawPath")
                        .asText())
                .isEqualTo("/v1/runs/r/steps/load[eu]");
    }

    @Test
    void a_connection_on_which_nothing_comes_is_closed() throws IOException {
        try (HttpApi impatient = new HttpApi(
                        0,
                        echo("dispatch"),
                        echo("runs"),
                        new HttpApi.Bounds(Duration.ofMillis(300), new Admission(), Duration.ofSeconds(60)));
                Socket silent = new Socket(
                        InetAddress.getLoopbackAddress(), impatient.endpoint().getPort());
                Socket halfway = new Socket(
                        InetAddress.getLoopbackAddress(), impatient.endpoint().getPort())) {
            halfway.getOutputStream().write("GET /v1/runs/r HTTP/1.1\r\nHo".getBytes(StandardCharsets.UTF_8));
            silent.setSoTimeout(20_000);
            halfway.setSoTimeout(20_000);
            assertThat(silent.getInputStream().readAllBytes()).isEmpty();
            halfway.getInputStream().readAllBytes(); // ends
        }
    }

    @Test
    void more_large_calls_than_there_is_room_for_are_told_when_to_come_again() throws Exception {
        CountDownLatch inside = new CountDownLatch(1);
        CountDownLatch leave = new CountDownLatch(1);
        RequestStreamHandler slow = (in, out, context) -> {
            inside.countDown();
            try {
                leave.await();
            } catch (InterruptedException e) {
                throw new IOException(e);
            }
            echo("dispatch").handleRequest(in, out, context);
        };
        String large = " ".repeat(200_000);
        try (HttpApi small = new HttpApi(
                        0,
                        slow,
                        echo("runs"),
                        new HttpApi.Bounds(
                                Duration.ofSeconds(60),
                                new Admission(300_000, Duration.ZERO),
                                Duration.ofSeconds(60)));
                ExecutorService callers = Executors.newVirtualThreadPerTaskExecutor()) {
            int port = small.endpoint().getPort();
            Future<String> first = callers.submit(() -> post(port, "/v1/runs/r/dispatches", large));
            inside.await();
            assertThat(post(port, "/v1/runs/r/dispatches", large))
                    .startsWith("HTTP/1.1 503 ")
                    .containsIgnoringCase("retry-after: 1")
                    .contains("/problems/busy");
            assertThat(post(port, "/v1/runs/r/cancel", "{}")).as("a small one").startsWith("HTTP/1.1 201 ");
            leave.countDown();
            assertThat(first.get()).startsWith("HTTP/1.1 201 ");
            assertThat(post(port, "/v1/runs/r/dispatches", large)).startsWith("HTTP/1.1 201 ");
        }
    }

    @Test
    void a_dispatch_goes_to_its_function_and_everything_else_to_the_other() throws IOException {
        assertThat(post("/v1/runs/r/dispatches", "{}")).contains("\r\n\r\ndispatch {");
        assertThat(post("/v1/runs/r/cancel", "{}")).contains("\r\n\r\nruns {");
    }

    @Test
    void the_path_comes_decoded_and_the_query_as_it_was_sent_as_from_api_gateway() throws IOException {
        JsonNode event =
                event(get("/v1/runs/r/steps/day%5B2013-01-01%5D+%C3%BC?state=DEAD&cursor=a%2Bb%3D", "localhost", ""));

        assertThat(event.path("rawPath").asText()).isEqualTo("/v1/runs/r/steps/day[2013-01-01]+ü");
        assertThat(event.path("rawQueryString").asText()).isEqualTo("state=DEAD&cursor=a%2Bb%3D");
    }

    @Test
    void a_path_that_is_not_utf8_or_that_api_gateway_would_take_apart_is_refused() throws IOException {
        for (String path : new String[] {
            "/v1/runs/caf%E9",
            "/v1/runs/%C3",
            "/v1/runs/r/steps/a%2Fb",
            "/v1/runs/r/steps/a%3Fb",
            "/v1/runs/r/steps/a%2520b"
        }) {
            assertThat(get(path, "localhost", "")).startsWith("HTTP/1.1 400 ").contains("bad-path");
        }
    }

    /** API Gateway, too, hands on what is no text in base64; that it is not UTF-8 is for the function to say. */
    @Test
    void a_body_that_is_not_utf8_comes_as_the_bytes_that_were_sent() throws IOException {
        try (Socket socket =
                new Socket(InetAddress.getLoopbackAddress(), api.endpoint().getPort())) {
            socket.getOutputStream()
                    .write(("POST /v1/runs/r/dispatches HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
                                    + "Content-Length: 4\r\n\r\ncaf\u00E9")
                            .getBytes(StandardCharsets.ISO_8859_1));
            JsonNode event = event(new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8));
            assertThat(event.path("isBase64Encoded").asBoolean()).isTrue();
            assertThat(Base64.getDecoder().decode(event.path("body").asText()))
                    .isEqualTo("caf\u00E9".getBytes(StandardCharsets.ISO_8859_1));
        }
    }
}
