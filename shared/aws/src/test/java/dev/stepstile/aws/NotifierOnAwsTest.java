package dev.stepstile.aws;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.stepstile.codec.Json;
import dev.stepstile.contracts.NotifierContract;
import dev.stepstile.port.Notifier;
import dev.stepstile.port.PortException;
import dev.stepstile.step.NotifyTarget;
import dev.stepstile.webhook.WebhookNotifier;
import dev.stepstile.webhook.WebhookRules;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.regions.Region;

/**
 * The notifier on AWS, by the SDK's clients, against a server that answers as EventBridge and Secrets Manager document:
 * <a href="https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html">PutEvents</a>,
 * <a href="https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetSecretValue.html">GetSecretValue</a>.
 */
class NotifierOnAwsTest {
    private static final String SECRETS = "{\"default\": \"whsec_" + "QUFB".repeat(8) + "\"}";
    private static final String ARN = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:s-webhooks";

    private final List<JsonNode> entries = new ArrayList<>();
    private final List<String> secretsAsked = new ArrayList<>();
    private HttpServer server;
    private String secretAnswer = SECRETS;
    private boolean throttled;

    @BeforeEach
    void open() throws IOException {
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/", this::answer);
        server.start();
    }

    @AfterEach
    void close() {
        server.stop(0);
    }

    private synchronized void answer(HttpExchange exchange) throws IOException {
        try (exchange) {
            JsonNode request = Json.parse(new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8));
            String call = exchange.getRequestHeaders().getFirst("X-Amz-Target");
            ObjectNode answer = switch (call) {
                case "AWSEvents.PutEvents" -> putEvents(request);
                case "secretsmanager.GetSecretValue" -> {
                    secretsAsked.add(request.path("SecretId").asText());
                    yield Json.object().put("SecretString", secretAnswer);
                }
                default -> throw new IOException(call);
            };
            byte[] bytes = Json.print(answer).getBytes(StandardCharsets.UTF_8);
            exchange.getResponseHeaders().set("Content-Type", "application/x-amz-json-1.1");
            exchange.sendResponseHeaders(200, bytes.length);
            exchange.getResponseBody().write(bytes);
        }
    }

    private ObjectNode putEvents(JsonNode request) {
        JsonNode entry = request.path("Entries").path(0);
        ObjectNode answer = Json.object();
        if (throttled) {
            answer.put("FailedEntryCount", 1).putArray("Entries").addObject().put("ErrorCode", "ThrottlingException");
        } else {
            entries.add(entry);
            answer.put("FailedEntryCount", 0).putArray("Entries").addObject().put("EventId", "e");
        }
        return answer;
    }

    private URI endpoint() {
        return URI.create("http://127.0.0.1:" + server.getAddress().getPort());
    }

    private Notifier to(String bus) {
        Notifier webhooks = new WebhookNotifier(
                WebhookRules.NONE,
                () -> {
                    throw new IllegalStateException("nothing is signed");
                },
                InstantSource.system());
        return new EventBridgeNotifier(
                new Once<>(() -> AwsClients.eventBridge(builder -> builder.endpointOverride(endpoint())
                        .region(Region.EU_WEST_1)
                        .credentialsProvider(StaticCredentialsProvider.create(AwsBasicCredentials.create("a", "b"))))),
                bus,
                webhooks);
    }

    private SecretsManagerSecrets secrets(InstantSource clock) {
        return new SecretsManagerSecrets(
                new Once<>(() -> AwsClients.secretsManager(builder -> builder.endpointOverride(endpoint())
                        .region(Region.EU_WEST_1)
                        .credentialsProvider(StaticCredentialsProvider.create(AwsBasicCredentials.create("a", "b"))))),
                ARN,
                clock);
    }

    @Nested
    class Events extends NotifierContract {
        @Override
        protected Notifier notifier() {
            return to("steps");
        }

        @Override
        protected NotifyTarget accepting() {
            return new NotifyTarget.Event();
        }

        @Override
        protected NotifyTarget refusing() {
            throttled = true;
            return new NotifyTarget.Event();
        }

        @Override
        protected NotifyTarget foreign() {
            return new NotifyTarget.Webhook("https://elsewhere.example/");
        }

        /** The id of an event is EventBridge's own; the notification's is in the detail. */
        @Override
        protected List<Notifier.Notice> told() {
            return entries.stream()
                    .map(entry -> new Notifier.Notice(
                            Json.parse(entry.path("Detail").asText()).path("id").asText(),
                            Instant.ofEpochMilli(Math.round(entry.path("Time").asDouble() * 1000)),
                            entry.path("Detail").asText()))
                    .toList();
        }
    }

    @Test
    void an_event_has_the_source_the_detail_type_and_the_bus_that_are_documented() {
        to("steps").send(new NotifyTarget.Event(), new Notifier.Notice("ssn_1", Instant.EPOCH, "{}"));
        JsonNode entry = entries.getFirst();
        assertThat(entry.path("Source").asText()).isEqualTo("stepstile");
        assertThat(entry.path("DetailType").asText()).isEqualTo("Dispatch Closed");
        assertThat(entry.path("EventBusName").asText()).isEqualTo("steps");
    }

    @Test
    void an_event_bus_that_does_not_answer_is_a_failure_of_the_call() {
        server.stop(0);
        assertThatThrownBy(() ->
                        to("steps").send(new NotifyTarget.Event(), new Notifier.Notice("ssn_1", Instant.EPOCH, "{}")))
                .isInstanceOf(PortException.class)
                .hasMessageContaining("PutEvents of ssn_1");
    }

    @Test
    void secrets_are_read_when_they_are_needed_and_again_after_five_minutes() {
        AtomicReference<Instant> now = new AtomicReference<>(Instant.EPOCH);
        SecretsManagerSecrets secrets = secrets(now::get);
        assertThat(secretsAsked).isEmpty();
        secrets.read();
        now.set(Instant.EPOCH.plus(Duration.ofMinutes(5)).minusMillis(1));
        secrets.read();
        assertThat(secretsAsked).containsExactly(ARN);
        now.set(Instant.EPOCH.plus(Duration.ofMinutes(5)));
        secrets.read();
        assertThat(secretsAsked).hasSize(2);
    }

    @Test
    void secrets_that_are_none_are_not_quoted() {
        secretAnswer = "{\"default\": \"hunter2\"}";
        assertThatThrownBy(() -> secrets(InstantSource.system()).read())
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("'default'")
                .hasMessageNotContaining("hunter2");
    }

    @Test
    void a_stack_without_an_event_bus_refuses_events_and_one_with_it_does_not() {
        NotifyTarget event = new NotifyTarget.Event();
        assertThat(AwsNotifier.of(new Settings.Notifying(null, WebhookRules.NONE, null), InstantSource.system())
                        .refusal(event))
                .contains("no event bus");
        assertThat(AwsNotifier.of(new Settings.Notifying("steps", WebhookRules.NONE, null), InstantSource.system())
                        .refusal(event))
                .isNull();
    }
}
