package dev.stepstile.usecases;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.stepstile.codec.Json;
import dev.stepstile.http.DispatchApi;
import dev.stepstile.http.Http;
import dev.stepstile.http.RequestTarget;
import dev.stepstile.http.RunsApi;
import java.util.List;
import java.util.Map;

/** Calls the HTTP API of a stack as a URL and a body would; each call and answer must be as openapi.json describes it. */
final class Api {
    private final Stack stack;

    Api(Stack stack) {
        this.stack = stack;
    }

    Http.Answer call(String method, String target, String body) throws InterruptedException {
        return call(method, target, Map.of(), body);
    }

    Http.Answer call(String method, String target, Map<String, String> headers, String body)
            throws InterruptedException {
        String[] parts = target.split("\\?", 2);
        List<String> path = RequestTarget.path(parts[0]);
        Map<String, String> query = parts.length == 2 ? RequestTarget.query(parts[1]) : Map.of();
        Http.Call call = new Http.Call(method, path, query, headers, body);
        Http.Answer answer = answer(call);
        assertThat(OpenApiDocument.SHIPPED.undocumented(call, answer))
                .as("what openapi.json does not say of %s %s %s", method, target, answer)
                .isEmpty();
        return answer;
    }

    private Http.Answer answer(Http.Call call) throws InterruptedException {
        try {
            return call.path().getLast().equals("dispatches")
                    ? new DispatchApi(stack.dispatcher()).answer(call)
                    : new RunsApi(stack.stepstile)
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
}
