package dev.stepstile.process;

import com.fasterxml.jackson.databind.JsonNode;
import dev.stepstile.process.PipesMessage.Malformed;
import java.util.Map;
import java.util.function.Predicate;

/** The types of metadata that Pipes 0.1 has, and what JSON each is made of. */
final class PipesMetadata {
    private static final Map<String, Predicate<JsonNode>> TYPES = Map.ofEntries(
            Map.entry("__infer__", value -> true),
            Map.entry("text", JsonNode::isTextual),
            Map.entry("url", JsonNode::isTextual),
            Map.entry("path", JsonNode::isTextual),
            Map.entry("notebook", JsonNode::isTextual),
            Map.entry("json", value -> true),
            Map.entry("md", JsonNode::isTextual),
            Map.entry("float", PipesMetadata::isFloat),
            Map.entry("int", JsonNode::isIntegralNumber),
            Map.entry("bool", JsonNode::isBoolean),
            Map.entry("dagster_run", JsonNode::isTextual),
            Map.entry("asset", JsonNode::isTextual),
            Map.entry("null", JsonNode::isNull),
            Map.entry("table", JsonNode::isObject),
            Map.entry("table_schema", JsonNode::isObject),
            Map.entry("table_column_lineage", JsonNode::isObject),
            Map.entry("timestamp", JsonNode::isNumber));

    private PipesMetadata() {}

    /** NaN and infinities come as strings. */
    private static boolean isFloat(JsonNode value) {
        return value.isNumber() || value.isTextual();
    }

    static void check(JsonNode metadata) throws Malformed {
        if (metadata.isMissingNode() || metadata.isNull()) {
            return;
        }
        if (!metadata.isObject()) {
            throw new Malformed("should have 'metadata', an object or null");
        }
        for (Map.Entry<String, JsonNode> entry : metadata.properties()) {
            JsonNode value = entry.getValue();
            Predicate<JsonNode> type = TYPES.get(value.path("type").asText());
            if (!value.has("raw_value") || type == null) {
                throw new Malformed("should have metadata with a 'raw_value' and a 'type' that Pipes knows: see '"
                        + entry.getKey() + "'");
            }
            if (!type.test(value.path("raw_value"))) {
                throw new Malformed("has metadata '" + entry.getKey() + "' that is not of its type, "
                        + value.path("type").asText());
            }
        }
    }
}
