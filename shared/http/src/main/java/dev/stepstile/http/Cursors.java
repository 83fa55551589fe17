package dev.stepstile.http;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.stepstile.codec.Json;
import dev.stepstile.http.Http.Problem;
import java.nio.charset.StandardCharsets;
import java.util.Base64;

/** Where an answer goes on: opaque, and of one call to one run. */
final class Cursors {
    private Cursors() {}

    static String write(String call, String runId, ObjectNode position) {
        return text(position.put("call", call).put("run", runId));
    }

    /** @throws Problem if it is not one that this call to this run gave */
    static JsonNode read(String call, String runId, String text) {
        try {
            JsonNode node = Json.parse(Utf8.text(Base64.getUrlDecoder().decode(text)));
            if (call.equals(node.path("call").textValue())
                    && runId.equals(node.path("run").textValue())
                    && text(node).equals(text)) {
                return node;
            }
        } catch (IllegalArgumentException | Json.BadJson e) {
            // answered below
        }
        throw bad();
    }

    static Problem bad() {
        return Problem.badRequest(
                "bad-cursor", "Invalid cursor: pass a cursor that this call returned for this run, or none to start.");
    }

    private static String text(JsonNode node) {
        return Base64.getUrlEncoder()
                .withoutPadding()
                .encodeToString(Json.print(node).getBytes(StandardCharsets.UTF_8));
    }
}
