package dev.stepstile.local;

import static dev.stepstile.testing.StackCaller.step;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.stepstile.codec.Json;
import dev.stepstile.testing.Eventually;
import dev.stepstile.testing.StackCaller;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.TimeUnit;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** An embedded stack that notifies a server of this machine. */
@Timeout(value = 8, unit = TimeUnit.MINUTES)
class NotifyingStackTest {
    @TempDir
    Path folder;

    private final List<Received> received = new ArrayList<>();
    private HttpServer receiver;
    private int refusals;

    /** A request with its signed parts. */
    private record Received(String id, String timestamp, String signature, String body) {}

    @BeforeEach
    void open() throws IOException {
        receiver = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        receiver.createContext("/", this::receive);
        receiver.start();
    }

    @AfterEach
    void close() {
        receiver.stop(0);
    }

    private synchronized void receive(HttpExchange exchange) throws IOException {
        try (exchange) {
            received.add(new Received(
                    exchange.getRequestHeaders().getFirst("webhook-id"),
                    exchange.getRequestHeaders().getFirst("webhook-timestamp"),
                    exchange.getRequestHeaders().getFirst("webhook-signature"),
                    new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8)));
            exchange.sendResponseHeaders(--refusals >= 0 ? 500 : 204, -1);
        }
    }

    private synchronized List<Received> received() {
        return List.copyOf(received);
    }

    private String origin() {
        return "http://localhost:" + receiver.getAddress().getPort();
    }

    private StackOptions options(String hosts) {
        return StackOptions.of(StackOptions.Kind.EMBEDDED, folder)
                .withWebhooks(new StackOptions.Webhooks(hosts, false, null));
    }

    private static String body(String url) {
        return "{\"dispatchId\":\"d1\",\"notify\":{\"webhook\":{\"url\":\"" + url + "\"}},\"steps\":["
                + Json.print(step("a", "return", 0, 3)) + "]}";
    }

    @Test
    void signs_what_it_tells_by_the_secret_that_it_made_and_tries_again_until_it_is_accepted() throws Exception {
        refusals = 1;
        try (LocalStack stack = LocalStack.start(options(origin()))) {
            StackCaller api = new StackCaller(stack.endpoint());
            assertThat(api.post("/v1/runs/r/dispatches", body(origin() + "/hook"))
                            .statusCode())
                    .isEqualTo(202);
            JsonNode told = Eventually.await(
                    () -> Json.parse(api.get("/v1/runs/r").body())
                            .path("notifications")
                            .path(0),
                    one -> one.path("state").asText().equals("SENT"));
            assertThat(told.path("tries").intValue()).isEqualTo(2);
            assertThat(received()).hasSize(2);
            for (Received each : received()) {
                assertThat(each.id()).isEqualTo(received().getFirst().id());
                assertThat(each.signature())
                        .isEqualTo("v1," + signature(each.id() + "." + each.timestamp() + "." + each.body()));
                assertThat(Json.parse(each.body()).path("data").path("counts").toString())
                        .isEqualTo("{\"SUCCEEDED\":1}");
            }
        }
    }

    /** By the secret that a receiver reads from the file of the stack. */
    private String signature(String signed) throws Exception {
        String secret = Json.parse(Files.readString(folder.resolve("webhook-secrets.json")))
                .path("default")
                .asText();
        Mac mac = Mac.getInstance("HmacSHA256");
        mac.init(new SecretKeySpec(Base64.getDecoder().decode(secret.substring("whsec_".length())), "HmacSHA256"));
        return Base64.getEncoder().encodeToString(mac.doFinal(signed.getBytes(StandardCharsets.UTF_8)));
    }

    @Test
    void refuses_other_hosts_and_events_when_they_are_dispatched() throws Exception {
        try (LocalStack stack = LocalStack.start(options("hooks.example.com"))) {
            StackCaller api = new StackCaller(stack.endpoint());
            var other = api.post("/v1/runs/r/dispatches", body(origin() + "/hook"));
            assertThat(other.statusCode()).isEqualTo(400);
            assertThat(other.body()).contains("bad-notify", "must begin with https://");
            var event = api.post(
                    "/v1/runs/r/dispatches",
                    "{\"notify\":{\"event\":{}},\"steps\":[{\"key\":\"a\",\"handler\":\"h\"}]}");
            assertThat(event.body()).contains("bad-notify", "no event bus");
        }
    }

    @Test
    void does_not_start_with_hosts_or_secrets_that_are_none() {
        assertThatThrownBy(() -> LocalStack.check(options("https://hooks.example.com")))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("is not a host");
        assertThatThrownBy(() -> LocalStack.check(StackOptions.of(StackOptions.Kind.EMBEDDED, folder)
                        .withWebhooks(
                                new StackOptions.Webhooks("hooks.example.com", false, folder.resolve("none.json")))))
                .hasMessageContaining("cannot be read");
    }
}
