package dev.stepstile.codec;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.util.RawValue;
import dev.stepstile.step.Payload;

/** {@code {"inline": …}}, or {@code {"item" | "stored": key, "size": bytes, "sha256": hex}}. */
public final class PayloadJson {
    private PayloadJson() {}

    public static ObjectNode write(Payload payload) {
        ObjectNode node = Json.object();
        switch (payload) {
            case Payload.Inline(String json) -> node.putRawValue("inline", new RawValue(json));
            case Payload.Item(String key, long size, String sha256) ->
                node.put("item", key).put("size", size).put("sha256", sha256);
            case Payload.Stored(String key, long size, String sha256) ->
                node.put("stored", key).put("size", size).put("sha256", sha256);
        }
        return node;
    }

    public static Payload read(JsonNode node) {
        JsonNode inline = node.get("inline");
        if (inline != null) {
            return new Payload.Inline(Json.print(inline));
        }
        if (node.has("item")) {
            return new Payload.Item(Json.text(node, "item"), Json.number(node, "size"), Json.text(node, "sha256"));
        }
        return new Payload.Stored(Json.text(node, "stored"), Json.number(node, "size"), Json.text(node, "sha256"));
    }
}
