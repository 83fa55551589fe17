package dev.stepstile.local;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.stepstile.codec.Json;
import dev.stepstile.functions.step.InstalledHandlers;
import dev.stepstile.usecase.Timing;
import java.io.IOException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;

/** A stack's HTTP API, as a test calls it; and short times for the stack. */
final class StackUnderTest {
    private static final Duration PATIENCE = Duration.ofMinutes(3);

    private final HttpClient client = HttpClient.newHttpClient();
    private final URI endpoint;

    StackUnderTest(URI endpoint) {
        this.endpoint = endpoint;
    }

    /** A lost worker is noticed within seconds; state is kept. */
    static StackOptions options(StackOptions.Kind kind, boolean isolated, Path folder) {
        return options(kind, isolated, folder, 2);
    }

    static StackOptions options(StackOptions.Kind kind, boolean isolated, Path folder, int workers) {
        return new StackOptions(
                kind,
                isolated,
                folder,
                true,
                0,
                workers,
                Timing.of(Duration.ofSeconds(3), Duration.ofSeconds(1), Duration.ofSeconds(1), Duration.ofSeconds(30)),
                Duration.ofMinutes(2),
                Duration.ofMinutes(2),
                Faults.NONE,
                Set.of(),
                InstalledHandlers.onClassPath(),
                null);
    }

    /** A step of {@link MisbehavingHandler}. */
    static ObjectNode step(String key, String act, int attempts, int maxAttempts) {
        ObjectNode step = Json.object().put("key", key).put("handler", MisbehavingHandler.NAME);
        step.put("maxAttempts", maxAttempts).putObject("retry").put("baseSeconds", 0.1);
        step.putObject("input").put("act", act).put("attempts", attempts);
        return step;
    }

    /** @throws IOException if there is no answer of a function; to be called again */
    void dispatch(String run, List<ObjectNode> steps) throws IOException, InterruptedException {
        ObjectNode body = Json.object();
        ArrayNode array = body.putArray("steps");
        steps.forEach(array::add);
        HttpResponse<String> answer = post("/v1/runs/" + run + "/dispatches", Json.print(body));
        if (answer.statusCode() == 500) {
            throw new IOException("the function was lost: call again");
        }
        if (answer.statusCode() != 202) {
            throw new AssertionError(answer.body());
        }
    }

    HttpResponse<String> post(String path, String body) throws IOException, InterruptedException {
        return client.send(
                HttpRequest.newBuilder(endpoint.resolve(path))
                        .POST(HttpRequest.BodyPublishers.ofString(body))
                        .build(),
                HttpResponse.BodyHandlers.ofString());
    }

    HttpResponse<String> get(String path) throws IOException, InterruptedException {
        return client.send(
                HttpRequest.newBuilder(endpoint.resolve(path)).build(), HttpResponse.BodyHandlers.ofString());
    }

    JsonNode step(String run, String key) throws IOException, InterruptedException {
        return Json.parse(get("/v1/runs/" + run + "/step?key="
                        + URLEncoder.encode(key, StandardCharsets.UTF_8).replace("+", "%20"))
                .body());
    }

    /** Every step of a run, as listed. */
    JsonNode steps(String run) throws IOException, InterruptedException {
        return Json.parse(get("/v1/runs/" + run + "/steps?limit=1000").body()).path("steps");
    }

    /** The step, once it is in one of these states. */
    JsonNode await(String run, String key, String... states) throws IOException, InterruptedException {
        Set<String> wanted = new TreeSet<>(Set.of(states));
        return await(
                () -> step(run, key), step -> wanted.contains(step.path("state").asText()));
    }

    /** The steps of a run, once all are in this state. */
    JsonNode awaitAll(String run, String state) throws IOException, InterruptedException {
        return await(() -> steps(run), steps -> count(steps, state) == steps.size());
    }

    static int count(JsonNode steps, String state) {
        int count = 0;
        for (JsonNode step : steps) {
            count += step.path("state").asText().equals(state) ? 1 : 0;
        }
        return count;
    }

    interface Reading {
        JsonNode read() throws IOException, InterruptedException;
    }

    static JsonNode await(Reading reading, Predicate<JsonNode> enough) throws IOException, InterruptedException {
        Instant giveUp = Instant.now().plus(PATIENCE);
        CountDownLatch never = new CountDownLatch(1);
        JsonNode read = reading.read();
        while (!enough.test(read)) {
            if (Instant.now().isAfter(giveUp)) {
                throw new AssertionError("still " + read);
            }
            never.await(100, TimeUnit.MILLISECONDS);
            read = reading.read();
        }
        return read;
    }
}
