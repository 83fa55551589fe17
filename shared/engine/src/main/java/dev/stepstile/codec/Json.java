package dev.stepstile.codec;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.core.exc.StreamConstraintsException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.MapperFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.cfg.JsonNodeFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.module.SimpleModule;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.stepstile.step.Limits;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/** The one JSON mapper, and the few readings that every codec needs. */
public final class Json {
    public static final ObjectMapper MAPPER = mapper().addModule(
                    new SimpleModule().addDeserializer(JsonNode.class, new ExactTree()))
            .build();

    private static JsonMapper.Builder mapper() {
        return JsonMapper.builder(JsonFactory.builder()
                        .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                        .streamReadConstraints(StreamReadConstraints.builder()
                                .maxStringLength(2 * Limits.RESULT_BYTES)
                                .build())
                        .build())
                .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
                .disable(SerializationFeature.FAIL_ON_EMPTY_BEANS)
                .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
                .enable(JsonNodeFeature.USE_BIG_DECIMAL_FOR_FLOATS) // an unknown number of a class keeps its digits
                .disable(JsonNodeFeature.STRIP_TRAILING_BIGDECIMAL_ZEROES)
                .enable(MapperFeature.SORT_PROPERTIES_ALPHABETICALLY)
                .enable(SerializationFeature.ORDER_MAP_ENTRIES_BY_KEYS);
    }

    private Json() {}

    public static ObjectNode object() {
        return MAPPER.createObjectNode();
    }

    /** @throws BadJson if the text is not one JSON value */
    public static JsonNode parse(String text) {
        try {
            JsonNode node = MAPPER.readTree(text);
            if (node == null || node.isMissingNode()) {
                throw new BadJson("empty instead of JSON");
            }
            return node;
        } catch (NumberFormatException e) {
            throw new BadJson("invalid JSON: a number's exponent is too long");
        } catch (StreamConstraintsException e) {
            throw new BadJson("over a limit for JSON: " + e.getOriginalMessage());
        } catch (JsonProcessingException e) { // its message quotes the text, which may be confidential
            JsonLocation at = e.getLocation();
            throw new BadJson(
                    "invalid JSON or a duplicate name at line " + at.getLineNr() + ", column " + at.getColumnNr());
        }
    }

    public static String print(JsonNode node) {
        try {
            return write(node);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("a JSON tree always prints", e);
        }
    }

    /** JSON as an earlier version printed it, when it wrote each number as {@link java.math.BigDecimal} does. */
    public static String printedEarlier(String json) {
        try {
            return write(Earlier.MAPPER.readTree(json));
        } catch (JsonProcessingException e) {
            throw new BadJson("not JSON, though it was");
        }
    }

    /** JSON without a character that SQS refuses or UTF-8 cannot hold: each is escaped. */
    public static String write(@Nullable Object value) throws JsonProcessingException {
        String json = MAPPER.writeValueAsString(value);
        StringBuilder escaped = null;
        int copied = 0;
        for (int i = 0; i < json.length(); i++) {
            char c = json.charAt(i);
            if (c >= '\uD800' && (Character.isSurrogate(c) || c >= '\uFFFE')) {
                if (Character.isHighSurrogate(c)
                        && i + 1 < json.length()
                        && Character.isLowSurrogate(json.charAt(i + 1))) {
                    i++;
                } else {
                    escaped = escaped == null ? new StringBuilder() : escaped;
                    escaped.append(json, copied, i).append(String.format("\\u%04X", (int) c));
                    copied = i + 1;
                }
            }
        }
        return escaped == null
                ? json
                : escaped.append(json, copied, json.length()).toString();
    }

    /** Made when the first dispatch of an earlier version is called again. */
    private static final class Earlier {
        private static final ObjectMapper MAPPER = mapper().build();
    }

    /** A member that must be there. */
    static JsonNode member(JsonNode node, String name) {
        JsonNode member = node.get(name);
        if (member == null || member.isNull()) {
            throw new BadJson("'" + name + "' is missing");
        }
        return member;
    }

    public static String text(JsonNode node, String name) {
        JsonNode member = member(node, name);
        if (!member.isTextual()) {
            throw new BadJson("'" + name + "' is not a string");
        }
        return member.textValue();
    }

    static long number(JsonNode node, String name) {
        JsonNode member = member(node, name);
        if (!member.isIntegralNumber() || !member.canConvertToLong()) {
            throw new BadJson("'" + name + "' is not a whole number");
        }
        return member.longValue();
    }

    public static int integer(JsonNode node, String name) {
        long value = number(node, name);
        if (value != (int) value) {
            throw new BadJson("'" + name + "' is out of range");
        }
        return (int) value;
    }

    public static Instant instant(JsonNode node, String name) {
        return Instant.ofEpochMilli(number(node, name));
    }

    static @Nullable Instant instantOrNull(JsonNode node, String name) {
        return node.hasNonNull(name) ? instant(node, name) : null;
    }

    static void putInstant(ObjectNode node, String name, @Nullable Instant instant) {
        if (instant != null) {
            node.put(name, instant.toEpochMilli());
        }
    }

    /** The text is not JSON, or not the JSON that was expected here. */
    public static final class BadJson extends RuntimeException {
        public BadJson(String message) {
            super(message);
        }
    }
}
