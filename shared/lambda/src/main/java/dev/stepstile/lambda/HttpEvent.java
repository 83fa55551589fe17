package dev.stepstile.lambda;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.stepstile.wire.Http;
import dev.stepstile.wire.Json;
import java.io.IOException;
import java.io.InputStream;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The event of an API function: API Gateway's HTTP API, payload format 2.0, or a direct call
 * {@code {"method", "path", "query"?, "body"?}} whose body may be an object. A direct call is answered
 * {@code {"status", "body"}}, with the body as an object.
 */
final class HttpEvent {
    private final JsonNode node;
    private final boolean direct;

    private HttpEvent(JsonNode node) {
        this.node = node;
        this.direct = !node.path("requestContext").has("http");
    }

    /** What is not JSON is a direct call that says nothing, and is answered as such. */
    static HttpEvent read(InputStream in) throws IOException {
        String text = new String(in.readAllBytes(), StandardCharsets.UTF_8);
        try {
            return new HttpEvent(Json.parse(text));
        } catch (Json.BadJson e) {
            return new HttpEvent(Json.object());
        }
    }

    /** For a log line: never with what was sent. */
    String name() {
        return method() + " " + path();
    }

    Http.Call call() {
        Map<String, String> query = new TreeMap<>();
        node.path(direct ? "query" : "queryStringParameters")
                .properties()
                .forEach(e -> query.put(e.getKey(), e.getValue().asText()));
        if (method().isEmpty() || path().isEmpty()) {
            throw Http.Problem.badRequest(
                    "bad-event", "Not an HTTP API event; a direct call is {\"method\", \"path\", \"body\"}.");
        }
        return new Http.Call(method(), segments(path()), query, body());
    }

    String answer(Http.Answer answer) {
        ObjectNode out = Json.object();
        if (direct) {
            out.put("status", answer.status()).set("body", Json.parse(answer.body()));
        } else {
            out.put("statusCode", answer.status()).put("body", answer.body()).put("isBase64Encoded", false);
            out.putObject("headers").put("content-type", answer.contentType());
        }
        return Json.print(out);
    }

    private String method() {
        return direct
                ? node.path("method").asText("")
                : node.path("requestContext").path("http").path("method").asText("");
    }

    private String path() {
        return node.path(direct ? "path" : "rawPath").asText("");
    }

    private @Nullable String body() {
        JsonNode body = node.get("body");
        if (body == null || body.isNull()) {
            return null;
        }
        if (!body.isTextual()) {
            return Json.print(body);
        }
        if (!node.path("isBase64Encoded").asBoolean(false)) {
            return body.textValue();
        }
        try {
            return new String(Base64.getDecoder().decode(body.textValue()), StandardCharsets.UTF_8);
        } catch (IllegalArgumentException e) {
            throw Http.Problem.badRequest("bad-body", "The body is not the base64 that the event says it is.");
        }
    }

    /** A raw path is percent-encoded; a plus in it is a plus. */
    private static List<String> segments(String rawPath) {
        try {
            return Arrays.stream(rawPath.split("/"))
                    .filter(segment -> !segment.isEmpty())
                    .map(segment -> URLDecoder.decode(segment.replace("+", "%2B"), StandardCharsets.UTF_8))
                    .toList();
        } catch (IllegalArgumentException e) {
            throw Http.Problem.badRequest("bad-path", "The path is not percent-encoded as it should be.");
        }
    }
}
