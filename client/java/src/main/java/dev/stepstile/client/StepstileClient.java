package dev.stepstile.client;

import com.fasterxml.jackson.databind.JsonNode;
import dev.stepstile.wire.Json;
import java.io.IOException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Calls the HTTP API. A call that was not answered is made again: every one of them is safe to repeat. */
public final class StepstileClient {
    private static final int TRIES = 8;
    private static final Duration FIRST_PAUSE = Duration.ofMillis(25);
    private static final Duration TIMEOUT = Duration.ofSeconds(60);

    private final URI endpoint;
    private final HttpClient http = HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .connectTimeout(Duration.ofSeconds(5))
            .build();

    public StepstileClient(URI endpoint) {
        this.endpoint = endpoint;
    }

    public JsonNode dispatch(String runId, JsonNode body) throws InterruptedException {
        return call("POST", "/v1/runs/" + encoded(runId) + "/dispatches", Json.print(body));
    }

    public JsonNode feed(String runId, @Nullable String cursor) throws InterruptedException {
        return call(
                "GET",
                "/v1/runs/" + encoded(runId) + "/feed?limit=1000"
                        + (cursor == null ? "" : "&cursor=" + encoded(cursor)),
                null);
    }

    public JsonNode lookup(String runId, List<String> keys) throws InterruptedException {
        var body = Json.object();
        keys.forEach(body.putArray("keys")::add);
        return call("POST", "/v1/runs/" + encoded(runId) + "/steps/lookup", Json.print(body));
    }

    public JsonNode step(String runId, String key) throws InterruptedException {
        return call("GET", "/v1/runs/" + encoded(runId) + "/step?key=" + encoded(key), null);
    }

    public JsonNode status(String runId, boolean exact) throws InterruptedException {
        String path = "/v1/runs/" + encoded(runId) + "?exact=" + exact;
        JsonNode status = call("GET", path, null);
        while (status.has("cursor")) {
            status = call(
                    "GET", path + "&cursor=" + encoded(status.path("cursor").asText()), null);
        }
        return status;
    }

    private JsonNode call(String method, String path, @Nullable String body) throws InterruptedException {
        HttpRequest.Builder request =
                HttpRequest.newBuilder(endpoint.resolve(path)).timeout(TIMEOUT);
        request.method(
                method, body == null ? HttpRequest.BodyPublishers.noBody() : HttpRequest.BodyPublishers.ofString(body));
        request.header("content-type", "application/json");
        for (int i = 1; ; i++) {
            Duration pause = FIRST_PAUSE.multipliedBy(1L << i);
            try {
                HttpResponse<String> response = http.send(request.build(), HttpResponse.BodyHandlers.ofString());
                if ((response.statusCode() >= 500 || response.statusCode() == 429) && i < TRIES) {
                    Thread.sleep(retryAfter(response).orElse(pause));
                    continue;
                }
                JsonNode answer = Json.parse(response.body());
                if (response.statusCode() >= 400) {
                    throw new Refused(
                            response.statusCode(),
                            answer.path("type").asText(""),
                            answer.path("detail").asText(""));
                }
                return answer;
            } catch (IOException e) {
                if (i == TRIES) {
                    throw new Refused(0, "unreachable", "Nothing answers at " + endpoint + " (" + e + ").");
                }
                Thread.sleep(pause);
            }
        }
    }

    private static Optional<Duration> retryAfter(HttpResponse<String> response) {
        return response.headers()
                .firstValue("retry-after")
                .filter(seconds -> seconds.matches("[0-9]{1,2}"))
                .map(seconds -> Duration.ofSeconds(Long.parseLong(seconds)));
    }

    private static String encoded(String text) {
        return URLEncoder.encode(text, StandardCharsets.UTF_8).replace("+", "%20");
    }

    /** The API said no. */
    public static final class Refused extends RuntimeException {
        private final int status;
        private final String type;

        Refused(int status, String type, String detail) {
            super(detail);
            this.status = status;
            this.type = type;
        }

        public int status() {
            return status;
        }

        public String type() {
            return type;
        }
    }
}
