package dev.stepstile.local.http;

import com.amazonaws.services.lambda.runtime.RequestStreamHandler;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.stepstile.codec.Json;
import dev.stepstile.http.Http;
import dev.stepstile.http.RequestTarget;
import dev.stepstile.http.Utf8;
import dev.stepstile.local.events.LocalContext;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The dispatch and the runs function, invoked as API Gateway does. */
record FunctionCalls(RequestStreamHandler dispatch, RequestStreamHandler runs) implements ApiCalls {
    private static final Logger LOG = LoggerFactory.getLogger(FunctionCalls.class);

    @Override
    public Http.Answer answer(
            String method, String path, @Nullable String query, Map<String, String> headers, byte[] body) {
        byte[] event = event(method, path, query, headers, body);
        boolean dispatches = path.endsWith("/dispatches");
        String function = dispatches ? "dispatch" : "runs";
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try {
            (dispatches ? dispatch : runs)
                    .handleRequest(new ByteArrayInputStream(event), out, new LocalContext(function, HttpApi.TIMEOUT));
        } catch (IOException lost) {
            LOG.info(
                    "The process of the {} function died ({}); the caller gets status 500 and may retry.",
                    function,
                    lost.getMessage());
            return new Http.Answer(500, "application/json", "{\"message\":\"Internal Server Error\"}"); // API Gateway's
        }
        JsonNode answer = Json.parse(out.toString(StandardCharsets.UTF_8));
        SortedMap<String, String> answered = new TreeMap<>();
        answer.path("headers")
                .properties()
                .forEach(e -> answered.put(e.getKey(), e.getValue().asText()));
        String type = answered.remove("content-type");
        return new Http.Answer(
                answer.path("statusCode").intValue(),
                type == null ? "application/json" : type,
                answer.path("body").asText(""),
                answered);
    }

    /** As API Gateway makes it: a path that is decoded, a query as it was sent, a body in base64 if it is no text. */
    private static byte[] event(
            String method, String encoded, @Nullable String query, Map<String, String> headers, byte[] body) {
        String path = RequestTarget.decodedPath(encoded);
        ObjectNode event = Json.object().put("version", "2.0").put("routeKey", "$default");
        event.put("rawPath", path).put("rawQueryString", query == null ? "" : query);
        event.putObject("requestContext")
                .putObject("http")
                .put("method", method)
                .put("path", path);
        ObjectNode sent = event.putObject("headers");
        headers.forEach(sent::put);
        boolean text = true;
        if (body.length > 0) {
            try {
                event.put("body", Utf8.text(body));
            } catch (Json.BadJson e) {
                text = false;
                event.put("body", Base64.getEncoder().encodeToString(body));
            }
        }
        event.put("isBase64Encoded", !text);
        return Json.print(event).getBytes(StandardCharsets.UTF_8);
    }
}
