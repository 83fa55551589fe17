package dev.stepstile.testing;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.stepstile.codec.Json;
import java.io.IOException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/** Calls the HTTP API of a stack. */
public final class StackCaller {
    private final HttpClient client = HttpClient.newHttpClient();
    private final URI endpoint;

    public StackCaller(URI endpoint) {
        this.endpoint = endpoint;
    }

    /** A step of {@link MisbehavingHandler}. */
    public static ObjectNode step(String key, String act, int attempts, int maxAttempts) {
        ObjectNode step = Json.object().put("key", key).put("handler", MisbehavingHandler.NAME);
        step.put("maxAttempts", maxAttempts).putObject("retry").put("baseSeconds", 0.1);
        step.putObject("input").put("act", act).put("attempts", attempts);
        return step;
    }

    /** @throws IOException if there is no answer of a function; to be called again */
    public void dispatch(String run, List<ObjectNode> steps) throws IOException, InterruptedException {
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

    /** @param headers names and values, one after the other */
    public HttpResponse<String> post(String path, String body, String... headers)
            throws IOException, InterruptedException {
        HttpRequest.Builder request =
                HttpRequest.newBuilder(endpoint.resolve(path)).POST(HttpRequest.BodyPublishers.ofString(body));
        if (headers.length > 0) {
            request.headers(headers);
        }
        return client.send(request.build(), HttpResponse.BodyHandlers.ofString());
    }

    public HttpResponse<String> get(String path) throws IOException, InterruptedException {
        return client.send(
                HttpRequest.newBuilder(endpoint.resolve(path)).build(), HttpResponse.BodyHandlers.ofString());
    }

    public JsonNode step(String run, String key) throws IOException, InterruptedException {
        return step(run, key, "");
    }

    private JsonNode step(String run, String key, String options) throws IOException, InterruptedException {
        String escaped = URLEncoder.encode(key, StandardCharsets.UTF_8).replace("+", "%20");
        return Json.parse(
                get("/v1/runs/" + run + "/step?key=" + escaped + options).body());
    }

    /** Every step of a run, as listed. */
    public JsonNode steps(String run) throws IOException, InterruptedException {
        return Json.parse(get("/v1/runs/" + run + "/steps?limit=1000").body()).path("steps");
    }

    /** What a step has logged. */
    public List<String> logLines(String run, String key) throws IOException, InterruptedException {
        List<String> lines = new ArrayList<>();
        step(run, key, "&log=true")
                .path("logPages")
                .forEach(page -> page.path("lines").forEach(line -> lines.add(line.asText())));
        return lines;
    }

    /** The step, once it is in one of these states. */
    public JsonNode await(String run, String key, String... states) throws IOException, InterruptedException {
        Set<String> wanted = new TreeSet<>(Set.of(states));
        return Eventually.await(
                () -> step(run, key), step -> wanted.contains(step.path("state").asText()));
    }

    /** The steps of a run, once all are in this state. */
    public JsonNode awaitAll(String run, String state) throws IOException, InterruptedException {
        return Eventually.await(() -> steps(run), steps -> count(steps, state) == steps.size());
    }

    public static int count(JsonNode steps, String state) {
        int count = 0;
        for (JsonNode step : steps) {
            count += step.path("state").asText().equals(state) ? 1 : 0;
        }
        return count;
    }
}
