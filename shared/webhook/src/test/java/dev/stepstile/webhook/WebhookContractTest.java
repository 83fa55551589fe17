package dev.stepstile.webhook;

import com.fasterxml.jackson.databind.JsonNode;
import dev.stepstile.codec.Json;
import dev.stepstile.contracts.NotifierContract;
import dev.stepstile.port.Notifier;
import dev.stepstile.step.NotifyTarget;
import java.io.IOException;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;

/** Webhooks of this machine, as the embedded stack notifies them, keep to the contract. */
class WebhookContractTest extends NotifierContract {
    private Endpoint accepting;
    private Endpoint refusing;

    @BeforeEach
    void open() throws IOException {
        accepting = Endpoint.plain();
        refusing = Endpoint.plain();
        refusing.answers("HTTP/1.1 500 Oh\r\n\r\n");
    }

    @AfterEach
    void close() throws IOException {
        accepting.close();
        refusing.close();
    }

    private static String origin(Endpoint endpoint) {
        return "http://localhost:" + endpoint.port();
    }

    @Override
    protected Notifier notifier() {
        return new WebhookNotifier(
                WebhookRules.parse(origin(accepting) + "," + origin(refusing), false, true),
                () -> WebhookSecrets.parse("{\"default\": \"" + WebhookSecrets.text(new byte[32]) + "\"}"),
                InstantSource.system());
    }

    @Override
    protected NotifyTarget accepting() {
        return new NotifyTarget.Webhook(origin(accepting) + "/hook");
    }

    @Override
    protected NotifyTarget refusing() {
        return new NotifyTarget.Webhook(origin(refusing) + "/hook");
    }

    @Override
    protected NotifyTarget foreign() {
        return new NotifyTarget.Webhook("https://elsewhere.example/hook");
    }

    @Override
    protected List<Notifier.Notice> told() {
        return accepting.requests().stream().map(WebhookContractTest::notice).toList();
    }

    private static Notifier.Notice notice(String request) {
        JsonNode body = Json.parse(request.substring(request.indexOf("\r\n\r\n") + 4));
        String id = request.replaceAll("(?s).*\r\nwebhook-id: ([^\r]*).*", "$1");
        return new Notifier.Notice(id, Instant.parse(body.path("timestamp").asText()), Json.print(body.path("data")));
    }
}
