package dev.stepstile.usecases;

import com.fasterxml.jackson.databind.JsonNode;
import dev.stepstile.step.Shards;
import dev.stepstile.wire.Http;
import dev.stepstile.wire.Json;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Calls the HTTP API of a stack as a URL and a body would. */
final class Api {
    private final Stack stack;

    Api(Stack stack) {
        this.stack = stack;
    }

    Http.Answer call(String method, String target, String body) throws InterruptedException {
        String[] parts = target.split("\\?", 2);
        List<String> path = Arrays.stream(parts[0].split("/"))
                .filter(segment -> !segment.isEmpty())
                .map(Api::decoded)
                .toList();
        Map<String, String> query = new TreeMap<>();
        if (parts.length == 2) {
            for (String pair : parts[1].split("&", -1)) {
                String[] pieces = pair.split("=", 2);
                query.put(decoded(pieces[0]), decoded(pieces[1]));
            }
        }
        Http.Call call = new Http.Call(method, path, query, body);
        try {
            return path.getLast().equals("dispatches")
                    ? stack.stepstile.dispatchApi(Shards.DEFAULT).answer(call)
                    : stack.stepstile
                            .runsApi()
                            .answer(call, stack.time.instant().plusSeconds(29));
        } catch (Http.Problem problem) {
            return problem.answer();
        }
    }

    /** The body of an answer that must have this status. */
    JsonNode ok(int status, String method, String target, String body) throws InterruptedException {
        Http.Answer answer = call(method, target, body);
        if (answer.status() != status) {
            throw new AssertionError(method + " " + target + ": " + answer);
        }
        return Json.parse(answer.body());
    }

    JsonNode get(String target) throws InterruptedException {
        return ok(200, "GET", target, null);
    }

    /** {@code status type} of a problem. */
    String problem(String method, String target, String body) throws InterruptedException {
        Http.Answer answer = call(method, target, body);
        JsonNode problem = Json.parse(answer.body());
        if (!answer.contentType().equals("application/problem+json")) {
            return answer.status() + " " + answer.contentType() + " " + answer.body();
        }
        if (problem.path("status").intValue() != answer.status()
                || problem.path("title").asText().isEmpty()
                || problem.path("detail").asText().length() < 20) {
            throw new AssertionError("not a whole problem: " + answer);
        }
        return answer.status() + " " + problem.path("type").asText().replace("https://stepstile.dev/problems/", "");
    }

    private static String decoded(String text) {
        return URLDecoder.decode(text.replace("+", "%2B"), StandardCharsets.UTF_8);
    }
}
