package dev.stepstile.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.stepstile.testing.ScriptedApi;
import dev.stepstile.testing.ScriptedApi.Answer;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What the client does when calls are not answered as they should be. */
class TransportTest {
    private static final Answer EMPTY = Answer.of(200, "{\"entries\":[],\"cursor\":\"c\",\"caughtUp\":true}");

    private final ManualPacing pacing = new ManualPacing();

    private StepstileClient client(ScriptedApi api) {
        return new StepstileClient(ClientOptions.of(api.endpoint()), pacing);
    }

    private static ScriptedApi answering(Answer... answers) throws IOException {
        Deque<Answer> left = new ArrayDeque<>(List.of(answers));
        return new ScriptedApi(_ -> left.size() > 1 ? left.removeFirst() : left.getFirst());
    }

    static List<Answer> notNow() {
        return List.of(
                ScriptedApi.Answer.HANG_UP,
                Answer.of(429, "{}"),
                Answer.of(500, "{}"),
                Answer.of(502, "<html>"),
                Answer.of(503, ""),
                Answer.of(504, "{}"));
    }

    @ParameterizedTest
    @MethodSource("notNow")
    void a_call_that_was_not_answered_is_made_again(Answer first) throws Exception {
        try (ScriptedApi api = answering(first, first, EMPTY);
                StepstileClient client = client(api)) {
            assertThat(client.lookup("r", List.of("a"))).isEmpty(); // Java's own client repeats no POST
            assertThat(api.calls()).hasSize(3);
        }
        assertThat(pacing.pauses()).hasSize(2);
    }

    @Test
    void a_call_is_made_again_when_the_answer_says_but_within_a_minute() throws Exception {
        try (ScriptedApi api = answering(
                        new Answer(503, "{}", Map.of("retry-after", "3")),
                        new Answer(503, "{}", Map.of("retry-after", "Wed, 21 Oct 2026 07:28:00 GMT")),
                        EMPTY);
                StepstileClient client = client(api)) {
            client.feed("r", null);
        }
        assertThat(pacing.pauses().getFirst()).isEqualTo(Duration.ofSeconds(3));
        assertThat(pacing.pauses().getLast()).isLessThan(Duration.ofSeconds(1));

        try (ScriptedApi api = answering(new Answer(503, "{}", Map.of("retry-after", "999999999")), EMPTY);
                StepstileClient patient = new StepstileClient(
                        ClientOptions.of(api.endpoint()).withPatience(Duration.ofHours(1)), pacing)) {
            patient.feed("r", null);
        }
        assertThat(pacing.pauses().getLast()).isEqualTo(Duration.ofSeconds(60));
    }

    @Test
    void pauses_grow_up_to_a_limit_and_end_with_the_clients_patience() throws Exception {
        try (ScriptedApi api = answering(Answer.of(503, "{}"));
                StepstileClient client = new StepstileClient(
                        ClientOptions.of(api.endpoint()).withPatience(Duration.ofMinutes(2)), pacing)) {
            assertThatExceptionOfType(UnreachableException.class)
                    .isThrownBy(() -> client.status("r"))
                    .withMessageMatching(
                            ".* did not answer GET /v1/runs/r in \\d+ tries within 120.0 s; the last one: HTTP 503.*");
        }
        assertThat(pacing.pauses().subList(0, 3)).allMatch(pause -> pause.toMillis() <= 800);
        assertThat(pacing.pauses()).allMatch(pause -> pause.compareTo(Duration.ofSeconds(5)) <= 0);
        assertThat(pacing.pauses()).anyMatch(pause -> pause.toSeconds() >= 2);
        Duration waited = pacing.pauses().stream().reduce(Duration.ZERO, Duration::plus);
        assertThat(waited).isBetween(Duration.ofSeconds(115), Duration.ofSeconds(120));
    }

    @Test
    void connections_are_kept() throws Exception {
        try (ScriptedApi api = answering(EMPTY);
                StepstileClient client = client(api)) {
            for (int i = 0; i < 5; i++) {
                client.feed("r", null);
            }
            assertThat(pacing.pauses()).isEmpty();
        }
    }

    @Test
    void an_endpoint_where_nothing_listens_is_unreachable_and_named() throws Exception {
        URI endpoint;
        try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            endpoint = URI.create("http://127.0.0.1:" + taken.getLocalPort());
        }
        try (StepstileClient client = new StepstileClient(ClientOptions.of(endpoint), pacing)) {
            assertThatExceptionOfType(UnreachableException.class)
                    .isThrownBy(() -> client.status("r"))
                    .withMessageContaining(endpoint + " did not answer")
                    .withMessageContaining("ConnectException")
                    .withMessageContaining("Is the stack up");
        }
    }

    @Test
    void an_answer_that_does_not_come_is_given_up_after_the_timeout() throws Exception {
        CountDownLatch release = new CountDownLatch(1);
        try (ScriptedApi api = new ScriptedApi(_ -> {
            try {
                release.await();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
            return ScriptedApi.Answer.HANG_UP;
        })) {
            ClientOptions hasty = ClientOptions.of(api.endpoint())
                    .withTimeout(Duration.ofMillis(100))
                    .withPatience(Duration.ofMillis(300));
            try (StepstileClient client = new StepstileClient(hasty)) {
                assertThatExceptionOfType(UnreachableException.class)
                        .isThrownBy(() -> client.status("r"))
                        .withMessageContaining("timed out after 0.1 s");
            }
            release.countDown();
        }
    }

    @Test
    void an_answer_that_stops_in_its_middle_is_given_up_after_the_timeout() throws Exception {
        CountDownLatch release = new CountDownLatch(1);
        try (ServerSocket server = new ServerSocket(0, 8, InetAddress.getLoopbackAddress())) {
            Thread half = Thread.ofVirtual().start(() -> {
                try (Socket socket = server.accept()) {
                    OutputStream out = socket.getOutputStream();
                    out.write("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{".getBytes(StandardCharsets.US_ASCII));
                    out.flush();
                    release.await();
                } catch (IOException | InterruptedException e) {
                    // the client went away
                }
            });
            ClientOptions hasty = ClientOptions.of(URI.create("http://127.0.0.1:" + server.getLocalPort()))
                    .withTimeout(Duration.ofSeconds(1))
                    .withPatience(Duration.ofMillis(1));
            try (StepstileClient client = new StepstileClient(hasty)) {
                assertThatExceptionOfType(UnreachableException.class)
                        .isThrownBy(() -> client.status("r"))
                        .withMessageContaining("timed out");
            }
            release.countDown();
            half.join();
        }
    }

    @Test
    void a_refusal_is_not_tried_again_and_says_what_to_do() throws Exception {
        try (ScriptedApi api = answering(Answer.problem("bad-run-id", 400));
                StepstileClient client = client(api)) {
            RefusedException refused = catchThrowableOfType(RefusedException.class, () -> client.status("r"));

            assertThat(refused).hasMessage("What to do instead. (bad-run-id)");
            assertThat(refused.type()).isEqualTo("bad-run-id");
            assertThat(refused.status()).isEqualTo(400);
            assertThat(api.calls()).hasSize(1);
        }
    }

    @Test
    void a_call_that_api_gateway_finds_too_large_is_named_so() throws Exception {
        try (ScriptedApi api = answering(Answer.of(413, "{\"message\":\"Request Entity Too Large\"}"));
                StepstileClient client = client(api)) {
            RefusedException refused = catchThrowableOfType(
                    RefusedException.class, () -> client.dispatch("r", Dispatch.of(List.of(Step.of("a", "h", null)))));
            assertThat(refused.type()).isEqualTo("request-too-large");
        }
    }

    @Test
    void a_caller_that_is_not_allowed_is_told_what_it_needs() throws Exception {
        try (ScriptedApi api = answering(Answer.of(403, "{\"message\":\"Forbidden\"}"));
                StepstileClient client = client(api);
                StepstileClient signed = new StepstileClient(
                        ClientOptions.of(api.endpoint()).withSigner(request -> request.headers()), pacing)) {
            assertThatExceptionOfType(UnauthorisedException.class)
                    .isThrownBy(() -> client.status("r"))
                    .withMessageContaining("Forbidden")
                    .withMessageContaining("was not signed");
            assertThat(api.calls()).hasSize(1);
            assertThatExceptionOfType(UnauthorisedException.class)
                    .isThrownBy(() -> signed.status("r"))
                    .withMessageContaining("execute-api:Invoke");
            assertThat(api.calls()).hasSize(3);
        }
    }

    @Test
    void credentials_that_ran_out_are_renewed_by_signing_anew() throws Exception {
        Deque<String> tokens = new ArrayDeque<>(List.of("old", "new"));
        Signer signer = request -> {
            Map<String, String> headers = new HashMap<>(request.headers());
            headers.put("x-token", tokens.removeFirst());
            headers.put("Host", "is sent in any case");
            return headers;
        };
        try (ScriptedApi api = new ScriptedApi(
                        call -> "new".equals(call.headers().get("x-token")) ? EMPTY : Answer.of(403, "{}"));
                StepstileClient client =
                        new StepstileClient(ClientOptions.of(api.endpoint()).withSigner(signer), pacing)) {
            assertThat(client.feed("r", null).cursor()).isEqualTo("c");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"<html>hello</html>", "[]", "{\"a\":1} {}", ""})
    void what_answers_but_is_not_stepstile_is_said_so(String body) throws Exception {
        try (ScriptedApi api = answering(Answer.of(200, body));
                StepstileClient client = client(api)) {
            assertThatExceptionOfType(RefusedException.class)
                    .isThrownBy(() -> client.status("r"))
                    .withMessageContaining("Stepstile?")
                    .matches(refused -> refused.type().equals("not-stepstile"));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "127.0.0.1:8787", "ftp://x", "http:///path", "http://x?y", "http://x#y"})
    void an_endpoint_that_is_none_is_refused_at_once(String endpoint) {
        assertThatIllegalArgumentException().isThrownBy(() -> StepstileClient.of(URI.create(endpoint)));
    }

    @Test
    void an_endpoint_may_have_a_path() throws Exception {
        try (ScriptedApi api = answering(EMPTY);
                StepstileClient client =
                        new StepstileClient(ClientOptions.of(api.endpoint().resolve("/prod/")), pacing)) {
            client.feed("a+run:1=~", "c=&+/");
            assertThat(api.calls().getFirst().target())
                    .isEqualTo("/prod/v1/runs/a%2Brun%3A1%3D~/feed?cursor=c%3D%26%2B%2F&limit=1000");
        }
    }

    @Test
    void an_interrupt_ends_a_call_and_stays_with_the_thread() throws Exception {
        try (ScriptedApi api = answering(EMPTY);
                StepstileClient client = StepstileClient.of(api.endpoint())) {
            Thread.currentThread().interrupt();
            assertThatExceptionOfType(CallInterruptedException.class).isThrownBy(() -> client.status("r"));
            assertThat(Thread.interrupted()).isTrue();
        }
    }

    @Test
    void a_closed_client_leaves_no_thread_behind() throws Exception {
        Set<Thread> before = Thread.getAllStackTraces().keySet();
        try (ScriptedApi api = answering(EMPTY)) {
            try (StepstileClient client = client(api)) {
                client.feed("r", null);
                assertThat(httpClients(before)).isNotEmpty();
            }
            for (Thread thread : httpClients(before)) {
                thread.join(Duration.ofSeconds(20));
            }
            assertThat(httpClients(before)).isEmpty();
        }
    }

    private static Set<Thread> httpClients(Set<Thread> before) {
        return Thread.getAllStackTraces().keySet().stream()
                .filter(thread -> thread.getName().startsWith("HttpClient") && !before.contains(thread))
                .collect(Collectors.toSet());
    }

    @Test
    void any_call_can_be_made_by_its_path_and_its_answer_keeps_its_characters() throws Exception {
        try (ScriptedApi api = answering(Answer.of(200, "{\"runs\": [{\"progress\": 0.10}]}"));
                StepstileClient client = client(api)) {
            assertThat(client.get("/v1/runs/a+b", Map.of("prefix", "x y")).text())
                    .isEqualTo("{\"runs\": [{\"progress\": 0.10}]}");
            client.post("/v1/pause", JsonValue.parse("{\"handler\": \"h\"}"));

            assertThat(api.calls().getFirst().target()).isEqualTo("/v1/runs/a%2Bb?prefix=x%20y");
            assertThat(api.calls().getLast().body()).isEqualTo("{\"handler\": \"h\"}");
        }
    }

    @Test
    void any_call_that_is_refused_or_answered_by_another_server_says_so() throws Exception {
        try (ScriptedApi api = answering(Answer.problem("bad-limit", 400), Answer.of(200, "<html>"));
                StepstileClient client = client(api)) {
            assertThat(catchThrowableOfType(RefusedException.class, () -> client.get("/v1/runs", Map.of()))
                            .type())
                    .isEqualTo("bad-limit");
            assertThat(catchThrowableOfType(RefusedException.class, () -> client.get("/v1/runs", Map.of()))
                            .type())
                    .isEqualTo("not-stepstile");
        }
    }

    @Test
    void the_clock_of_the_API_is_compared_with_this_machines_also_if_the_call_was_refused() throws Exception {
        String date = DateTimeFormatter.RFC_1123_DATE_TIME.format(
                Instant.now().plus(Duration.ofMinutes(10)).atZone(ZoneOffset.UTC));
        try (ServerSocket server = new ServerSocket(0, 8, InetAddress.getLoopbackAddress())) {
            Thread answering = Thread.ofVirtual().start(() -> {
                try (Socket socket = server.accept()) {
                    socket.getInputStream().read();
                    OutputStream out = socket.getOutputStream();
                    out.write(("HTTP/1.1 403 Forbidden\r\nDate: " + date + "\r\nContent-Length: 2\r\n\r\n{}")
                            .getBytes(StandardCharsets.US_ASCII));
                    out.flush();
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            });
            try (StepstileClient client = StepstileClient.of(URI.create("http://127.0.0.1:" + server.getLocalPort()))) {
                assertThat(client.clockAhead()).isEmpty();
                assertThatExceptionOfType(UnauthorisedException.class).isThrownBy(() -> client.status("r"));

                assertThat(client.clockAhead().orElseThrow())
                        .isBetween(Duration.ofSeconds(590), Duration.ofSeconds(601));
            }
            answering.join();
        }
    }

    @Test
    void the_feed_of_a_run_shows_each_entry_once_however_often_it_is_read_again() throws Exception {
        String ended = "{\"key\":\"a\",\"attempt\":1,\"state\":\"SUCCEEDED\"}";
        String page = "{\"key\":\"a\",\"attempt\":1,\"page\":0}";
        try (ScriptedApi api = answering(
                        Answer.of(200, "{\"entries\":[" + page + "],\"cursor\":\"1\",\"caughtUp\":false}"),
                        Answer.of(
                                200, "{\"entries\":[" + page + "," + ended + "],\"cursor\":\"2\",\"caughtUp\":true}"));
                StepstileClient client = client(api)) {
            FeedReader feed = client.feed("r");

            assertThat(feed.poll()).extracting(JsonValue::text).containsExactly(page, ended);
            assertThat(feed.caughtUp()).isTrue();
            pacing.pause(Duration.ofSeconds(30));
            assertThat(feed.poll()).isEmpty();
            assertThat(feed.pause()).isGreaterThan(FeedTimes.SHORTEST_PAUSE);
        }
    }
}
