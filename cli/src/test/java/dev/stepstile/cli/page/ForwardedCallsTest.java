package dev.stepstile.cli.page;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.stepstile.client.ClientOptions;
import dev.stepstile.client.Signer;
import dev.stepstile.http.Http;
import dev.stepstile.local.http.Callers;
import dev.stepstile.local.http.HttpApi;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What the console of an API elsewhere passes on to it, and back. */
class ForwardedCallsTest {
    private final List<String> received = new ArrayList<>();
    private final List<Map<String, List<String>>> headers = new ArrayList<>();
    private final List<Signer.Request> signed = new ArrayList<>();
    private HttpServer api;
    private ForwardedCalls calls;

    @BeforeEach
    void start() throws IOException {
        api = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        api.createContext("/", this::answer);
        api.start();
        calls = new ForwardedCalls(
                ClientOptions.of(URI.create(endpoint() + "/stage/")).withSigner(request -> {
                    signed.add(request);
                    Map<String, String> headers = new TreeMap<>(request.headers());
                    headers.put("authorization", "signed");
                    return headers;
                }));
    }

    @AfterEach
    void stop() {
        calls.close();
        api.stop(0);
    }

    private String endpoint() {
        return "http://127.0.0.1:" + api.getAddress().getPort();
    }

    private void answer(HttpExchange exchange) throws IOException {
        received.add(exchange.getRequestMethod() + " " + exchange.getRequestURI() + " "
                + exchange.getRequestHeaders().getFirst("Authorization") + " "
                + new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8));
        headers.add(Map.copyOf(exchange.getRequestHeaders()));
        byte[] body = "{\"runs\": []}".getBytes(StandardCharsets.UTF_8);
        exchange.getResponseHeaders().add("Content-Type", "application/json");
        exchange.getResponseHeaders().add("Set-Cookie", "session=1");
        exchange.getResponseHeaders().add("Access-Control-Allow-Origin", "*");
        exchange.getResponseHeaders().add("Location", "https://elsewhere.example/");
        exchange.getResponseHeaders().add("Retry-After", "3");
        exchange.sendResponseHeaders(exchange.getRequestURI().getPath().endsWith("moved") ? 302 : 200, body.length);
        exchange.getResponseBody().write(body);
        exchange.close();
    }

    private Http.Answer call(String method, String path, @Nullable String query, String body) {
        return calls.answer(method, path, query, Map.of(), body.getBytes(StandardCharsets.UTF_8));
    }

    @Test
    void a_call_is_signed_as_it_is_sent() {
        Http.Answer answer = call("POST", "/v1/runs/r/redrive", null, "{\"keys\":[\"é\"]}");

        assertThat(answer.body()).isEqualTo("{\"runs\": []}");
        assertThat(received).containsExactly("POST /stage/v1/runs/r/redrive signed {\"keys\":[\"é\"]}");
        assertThat(signed).hasSize(1);
        assertThat(signed.getFirst().uri()).hasToString(endpoint() + "/stage/v1/runs/r/redrive");
        assertThat(signed.getFirst().body()).isEqualTo("{\"keys\":[\"é\"]}");
    }

    @Test
    void token_cookies_and_names_of_the_page_stay_here() throws IOException {
        Callers callers = Callers.holdersOfToken();
        try (HttpApi console = new HttpApi(0, calls, callers, endpoint());
                Socket socket = new Socket(
                        InetAddress.getLoopbackAddress(), console.endpoint().getPort())) {
            String page = console.endpoint().toString();
            String request = String.join(
                    "\r\n",
                    "POST /v1/runs/r/cancel HTTP/1.1",
                    "Host: localhost:" + console.endpoint().getPort(),
                    "Origin: http://localhost:" + console.endpoint().getPort(),
                    "X-Stepstile-Token: " + callers.token(),
                    "Cookie: session=of-the-page",
                    "Authorization: Bearer of-the-page",
                    "Referer: " + page + "/of-the-page",
                    "User-Agent: of-the-page",
                    "X-Forwarded-For: of-the-page",
                    "X-Amz-Security-Token: of-the-page",
                    "Connection: close",
                    "Content-Length: 2",
                    "",
                    "{}");
            socket.getOutputStream().write(request.getBytes(StandardCharsets.UTF_8));
            String answer = new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            assertThat(answer).startsWith("HTTP/1.1 200 ").doesNotContain("session=1", callers.token());
        }

        assertThat(received).containsExactly("POST /stage/v1/runs/r/cancel signed {}");
        assertThat(headers.getFirst().keySet())
                .containsExactlyInAnyOrder("Authorization", "Content-type", "Content-length", "Host", "User-agent");
        assertThat(headers.getFirst().get("Host")).containsExactly(endpoint().replace("http://", ""));
        assertThat(headers.toString()).doesNotContain(callers.token(), "of-the-page");
    }

    @Test
    void a_key_arrives_as_it_is_whatever_its_characters() {
        call("GET", "/v1/runs/r/step", "key=%3Cscript%3E+%2B%26%3D%C3%A9%5B1%5D&log=true", "");

        assertThat(received)
                .containsExactly(
                        "GET /stage/v1/runs/r/step?key=%3Cscript%3E%20%2B%26%3D%C3%A9%5B1%5D&log=true signed ");
    }

    @Test
    void nothing_comes_back_but_status_type_body_and_when_to_repeat() {
        Http.Answer answer = call("GET", "/v1/runs", null, "");

        assertThat(answer.headers()).containsOnly(Map.entry("retry-after", "3"));
        assertThat(answer.contentType()).isEqualTo("application/json");
    }

    @Test
    void a_redirect_is_not_followed() {
        assertThat(call("GET", "/v1/moved", null, "").status()).isEqualTo(302);
        assertThat(received).hasSize(1);
    }

    @Test
    void no_path_leads_out_of_the_api() {
        for (String path : List.of(
                "/",
                "/admin",
                "/v1",
                "//v1/runs",
                "/v1/../admin",
                "/v1/%2e%2e/admin",
                "/v1/runs/%2E./..",
                "/v1/./runs",
                "/v2/runs")) {
            assertThatThrownBy(() -> call("GET", path, null, ""))
                    .as(path)
                    .isInstanceOfSatisfying(
                            Http.Problem.class,
                            problem -> assertThat(problem.type()).isEqualTo("no-such-call"));
        }
        assertThat(received).isEmpty();
    }

    @Test
    void a_method_that_no_call_has_is_refused() {
        for (String method : List.of("PUT", "DELETE", "TRACE", "CONNECT")) {
            assertThatThrownBy(() -> call(method, "/v1/runs", null, ""))
                    .isInstanceOfSatisfying(
                            Http.Problem.class,
                            problem -> assertThat(problem.status()).isEqualTo(405));
        }
        assertThat(received).isEmpty();
    }

    @Test
    void an_api_that_is_not_there_is_a_problem_that_says_so() {
        api.stop(0);
        assertThatThrownBy(() -> call("GET", "/v1/runs", null, ""))
                .isInstanceOfSatisfying(Http.Problem.class, problem -> {
                    assertThat(problem.status()).isEqualTo(502);
                    assertThat(problem).hasMessageContaining("does not answer");
                });
    }
}
