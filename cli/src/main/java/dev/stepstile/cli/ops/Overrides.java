package dev.stepstile.cli.ops;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.LinkedHashMap;
import java.util.Map;
import picocli.CommandLine.Option;

/** {@code --set}: other settings for redriven steps. */
final class Overrides {
    private static final JsonMapper JSON = JsonMapper.builder()
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS)
            .build();

    @Option(
            names = "--set",
            paramLabel = "NAME=VALUE",
            description =
                    "With another handler, maxAttempts, timeoutSeconds, notBefore, deadline, retry or input; a value"
                            + " that is JSON is taken as JSON. May be repeated.")
    private Map<String, String> values = new LinkedHashMap<>();

    void into(ObjectNode body) {
        values.forEach((name, value) -> body.withObjectProperty("overrides").set(name, json(value)));
    }

    private static JsonNode json(String value) {
        try {
            JsonNode json = JSON.readTree(value);
            return json.isMissingNode() ? JSON.getNodeFactory().textNode(value) : json;
        } catch (JsonProcessingException e) {
            return JSON.getNodeFactory().textNode(value);
        }
    }
}
