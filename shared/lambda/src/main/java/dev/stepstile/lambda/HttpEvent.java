package dev.stepstile.lambda;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.stepstile.codec.Json;
import dev.stepstile.http.Http;
import dev.stepstile.http.RequestTarget;
import dev.stepstile.http.SentText;
import dev.stepstile.http.Utf8;
import java.io.IOException;
import java.io.InputStream;
import java.util.Base64;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The event of an API function: API Gateway's HTTP API, payload format 2.0, or a direct call
 * {@code {"method", "path", "query"?, "headers"?, "body"?}} whose body may be an object. A direct call is answered
 * {@code {"status", "body"}}, with the body as an object.
 *
 * <p>An HTTP API decodes the path before it hands it on as {@code rawPath}, and cuts it at a question mark that comes of
 * that; a function URL, whose events look the same, does not. Both leave {@code rawQueryString} as it was sent.
 */
final class HttpEvent {
    private static final Set<String> OF_A_DIRECT_CALL =
            Set.of("method", "path", "query", "headers", "body", "isBase64Encoded");

    /** Longer than a path with a run's id; one with the longest step key is cut. */
    private static final int SHOWN = 250;

    private final JsonNode node;
    private final boolean direct;

    private HttpEvent(JsonNode node) {
        this.node = node;
        this.direct = !node.path("requestContext").has("http");
    }

    /** An event that is not JSON counts as an empty direct call, and is answered as such. */
    static HttpEvent read(InputStream in) throws IOException {
        try {
            return new HttpEvent(Json.parse(Utf8.text(in.readAllBytes())));
        } catch (Json.BadJson e) {
            return new HttpEvent(Json.object());
        }
    }

    /** For a log line: never with a query or a body, and on one line whatever was sent. */
    String name() {
        return SentText.shown(method(), SHOWN) + " " + SentText.shown(path(), SHOWN);
    }

    Http.Call call() {
        if (method().isEmpty() || path().isEmpty()) {
            throw badEvent(
                    "Not an HTTP API event; a direct call is {\"method\", \"path\", \"query\", \"headers\", \"body\"}.");
        }
        return new Http.Call(method(), segments(), query(), headers(), body());
    }

    String answer(Http.Answer answer) {
        ObjectNode out = Json.object();
        if (direct) {
            out.put("status", answer.status()).set("body", Json.parse(answer.body()));
        } else {
            out.put("statusCode", answer.status()).put("body", answer.body()).put("isBase64Encoded", false);
            ObjectNode headers = out.putObject("headers").put("content-type", answer.contentType());
            answer.headers().forEach(headers::put);
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

    private List<String> segments() {
        boolean encoded = direct
                || node.path("requestContext").path("domainName").asText("").contains(".lambda-url.");
        return encoded ? RequestTarget.path(path()) : RequestTarget.segments(path());
    }

    private Map<String, String> query() {
        if (!direct && node.path("rawQueryString").isTextual()) {
            return RequestTarget.query(node.path("rawQueryString").textValue());
        }
        JsonNode given = node.path(direct ? "query" : "queryStringParameters");
        if (direct) {
            for (var member : node.properties()) {
                if (!OF_A_DIRECT_CALL.contains(member.getKey())) {
                    throw badEvent("Unknown member '" + member.getKey()
                            + "' in a direct call; the members are method, path, query,"
                            + " headers, body and isBase64Encoded.");
                }
            }
            if (!given.isObject() && !given.isMissingNode() && !given.isNull()) {
                throw badEvent("'query' of a direct call must be an object.");
            }
        }
        Map<String, String> query = new TreeMap<>();
        for (var parameter : given.properties()) {
            if (!parameter.getValue().isValueNode() || parameter.getValue().isNull()) {
                throw badEvent("'query' of a direct call may have strings, numbers, true and false only.");
            }
            query.put(parameter.getKey(), parameter.getValue().asText());
        }
        return query;
    }

    private Map<String, String> headers() {
        JsonNode given = node.path("headers");
        if (direct && !given.isObject() && !given.isMissingNode() && !given.isNull()) {
            throw badEvent("'headers' of a direct call must be an object.");
        }
        Map<String, String> headers = new TreeMap<>();
        for (var header : given.properties()) {
            String value = header.getValue().textValue();
            if (value != null) {
                headers.put(header.getKey().toLowerCase(Locale.ROOT), value);
            }
        }
        return headers;
    }

    private @Nullable String body() {
        JsonNode body = node.get("body");
        if (body == null || body.isNull()) {
            return null;
        }
        if (!body.isTextual()) {
            return Json.print(body);
        }
        try {
            if (node.path("isBase64Encoded").asBoolean(false)) {
                return Utf8.text(Base64.getDecoder().decode(body.textValue()));
            }
            if (!Utf8.holds(body.textValue())) {
                throw new Json.BadJson("not UTF-8: it has half of a surrogate pair");
            }
            return body.textValue();
        } catch (Json.BadJson e) {
            throw Http.Problem.badRequest("bad-json", "Invalid request body: " + e.getMessage() + ".");
        } catch (IllegalArgumentException e) {
            throw Http.Problem.badRequest("bad-body", "The request body must be base64, as its event declares.");
        }
    }

    private static Http.Problem badEvent(String detail) {
        return Http.Problem.badRequest("bad-event", detail);
    }
}
