package dev.stepstile.cli.local;

import static org.assertj.core.api.Assertions.assertThat;

import dev.stepstile.testing.StackCaller;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A stack as a process, and a caller who means harm: what it is refused, what the log shows of it, and that others are served. */
@Tag("integration")
@Timeout(value = 2, unit = TimeUnit.MINUTES)
class AbusedStackTest {
    private static final String SECRET = "s3cr3t-0f-a-caller";

    /** What each line of the log begins with: when, how grave, who. Of a stack trace, the other lines do not. */
    private static final String LINE = "\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d,\\d{3} [A-Z]+ .*";

    @TempDir
    Path home;

    private CommandLineProcess stack;
    private URI endpoint;
    private StackCaller caller;

    @BeforeEach
    void start() throws IOException {
        stack = CommandLineProcess.start(
                home, "local", "--port", "0", "--state", home.resolve("state").toString());
        endpoint = URI.create(stack.await("is up at").split(" ", -1)[4]);
        caller = new StackCaller(endpoint);
    }

    @AfterEach
    void stop() throws IOException {
        stack.close();
    }

    /** The status of a request that is sent as it stands, which no HTTP client would. */
    private int sent(String request) throws IOException {
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), endpoint.getPort())) {
            socket.getOutputStream().write(request.getBytes(StandardCharsets.UTF_8));
            String answer = new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            return Integer.parseInt(answer.split(" ", 3)[1]);
        }
    }

    private int get(String target, String headers) throws IOException {
        return sent("GET " + target + " HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n" + headers + "\r\n");
    }

    private String log() throws IOException {
        return Files.readString(home.resolve("state").resolve("stepstile.log"));
    }

    private void servesOthers() throws Exception {
        String steps = "{\"steps\": [{\"key\": \"k\", \"handler\": \"stepstile.echo\"}]}";
        assertThat(caller.post("/v1/runs/others/dispatches", steps).statusCode())
                .isEqualTo(202);
        caller.await("others", "k", "SUCCEEDED");
    }

    @Test
    void a_path_cannot_forge_a_line_of_the_log_or_turn_it() throws Exception {
        String forged = "%0A2026-11-24T08:00:00,000%20ERROR%20Auth%20root%20logged%20in";
        for (String path : List.of(
                "/v1/runs/r" + forged,
                "/v1/runs/r%1B%5B2J/feed",
                "/v1/runs/r/step%E2%80%AE" + forged,
                "/v1" + forged + "/runs/r",
                "/v1/runs/r/steps/k" + forged)) {
            assertThat(get(path, "")).as(path).isBetween(400, 404);
        }
        assertThat(caller.post(
                                "/v1/runs/r" + forged + "/dispatches",
                                "{\"steps\": [{\"key\": \"k\\nforged\", \"handler\": \"a\\nforged\"}]}")
                        .statusCode())
                .isEqualTo(400);
        servesOthers();

        assertThat(log().lines()).allMatch(line -> line.matches(LINE));
        assertThat(log().lines().filter(line -> line.contains("root logged in")))
                .as("the paths are shown, within lines of the log")
                .isNotEmpty()
                .noneMatch(line -> line.contains(" Auth root logged in") && line.startsWith("2026-11-24T08:00:00,000"));
        assertThat(log()).doesNotContain("\u001b", "\u202e");
    }

    @Test
    void no_line_of_the_log_has_an_input_a_result_or_a_body() throws Exception {
        String good = "{\"steps\": [{\"key\": \"k\", \"handler\": \"stepstile.echo\", \"input\": \"" + SECRET
                + "\", \"tags\": {\"t\": \"" + SECRET + "\"}}], \"sharedInputs\": {\"s\": \"" + SECRET + "\"}}";
        caller.post("/v1/runs/r/dispatches", good);
        caller.await("r", "k", "SUCCEEDED");
        String unfit = "{\"steps\": [{\"key\": \"u\", \"handler\": \"stepstile.sleep\", \"input\": {\"x\": \"" + SECRET
                + "\"}, \"maxAttempts\": 1}]}";
        caller.post("/v1/runs/r/dispatches", unfit);
        caller.await("r", "u", "FAILED", "DEAD", "SUCCEEDED");
        for (String bad :
                List.of(SECRET, "{\"" + SECRET + "\": 1}", "{\"steps\": [\"" + SECRET + "\"]}", "\"" + SECRET)) {
            assertThat(caller.post("/v1/runs/r/dispatches", bad).statusCode()).isEqualTo(400);
        }
        assertThat(get("/v1/runs/r/feed?cursor=" + SECRET, "")).isEqualTo(400);
        assertThat(get("/v1/runs/r", "Authorization: " + SECRET + "\r\n")).isEqualTo(200);

        assertThat(log()).contains("bad-json").doesNotContain(SECRET);
    }

    @Test
    void a_run_is_named_by_its_id_and_by_nothing_that_leads_elsewhere() throws Exception {
        servesOthers();
        for (String path : List.of(
                "/v1/runs/..%2Fothers",
                "/v1/runs/r/../others",
                "/v1/runs/%2e%2e/others",
                "/v1/runs/others%00",
                "/v1/runs/others%23run",
                "/v1/runs/others;x=1",
                "/v1/runs/" + "r".repeat(129),
                "/v1/runs/others/step?key=k&key=k",
                "/v1/runs/others/step?key=%FF")) {
            assertThat(get(path, "")).as(path).isBetween(400, 404);
        }
        assertThat(home.resolve("state").toFile().listFiles()).isNotNull();
        servesOthers();
    }

    @Test
    void a_cursor_of_another_run_or_of_another_call_is_refused() throws Exception {
        servesOthers();
        String feed = caller.get("/v1/runs/others/feed").body().replaceFirst("(?s).*\"cursor\":\"([^\"]+)\".*", "$1");
        caller.post("/v1/runs/mine/dispatches", "{\"steps\": [{\"key\": \"k\", \"handler\": \"stepstile.echo\"}]}");

        assertThat(get("/v1/runs/others/feed?cursor=" + feed, "")).isEqualTo(200);
        assertThat(get("/v1/runs/mine/feed?cursor=" + feed, "")).isEqualTo(400);
        assertThat(get("/v1/runs/others/steps?cursor=" + feed, "")).isEqualTo(400);
    }

    @Test
    void a_request_that_two_servers_would_read_differently_or_that_is_too_large_is_refused() throws Exception {
        String head = "POST /v1/runs/r/dispatches HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n";
        for (String rest : List.of(
                "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
                "Content-Length: 5\r\nContent-Length: 6\r\n\r\n{}{}{}",
                "Content-Length: -1\r\n\r\n",
                "Transfer-Encoding: chunked\r\n\r\nzz\r\n\r\n",
                "X: a\r\n b\r\nContent-Length: 2\r\n\r\n{}",
                "X: " + "x".repeat(20_000) + "\r\n\r\n")) {
            assertThat(sent(head + rest)).as(rest.substring(0, 12)).isBetween(400, 431);
        }
        assertThat(get("/v1/runs/" + "r".repeat(20_000), "")).isBetween(400, 431);
        assertThat(get("/v1/runs/r", "Origin: http://127.0.0.1\r\n")).isEqualTo(403);
        assertThat(sent("GET /v1/runs/r HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n"))
                .isEqualTo(403);
        assertThat(sent("GET http://127.0.0.1/v1/runs/r HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n"))
                .isBetween(400, 403);
        servesOthers();
    }
}
