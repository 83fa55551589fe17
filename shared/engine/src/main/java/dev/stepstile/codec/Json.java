package dev.stepstile.codec;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.core.JsonParser;
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
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.BigIntegerNode;
import com.fasterxml.jackson.databind.node.BooleanNode;
import com.fasterxml.jackson.databind.node.DecimalNode;
import com.fasterxml.jackson.databind.node.IntNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.LongNode;
import com.fasterxml.jackson.databind.node.NullNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import dev.stepstile.step.Limits;
import java.io.IOException;
import java.io.StringWriter;
import java.time.Instant;
import java.util.SortedMap;
import org.jspecify.annotations.Nullable;

/** The one JSON mapper, and the few readings that every codec needs. */
public final class Json {
    private static final JsonFactory FACTORY = JsonFactory.builder()
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .streamReadConstraints(StreamReadConstraints.builder()
                    .maxStringLength(2 * Limits.RESULT_BYTES)
                    .build())
            .build();

    /** What turns classes into JSON and back. Trees are read and written without it, as it is slow to start. */
    private static final class Classes {
        private static final ObjectMapper MAPPER = builder()
                .addModule(new SimpleModule().addDeserializer(JsonNode.class, new ExactTree()))
                .build();
    }

    public static ObjectMapper mapper() {
        return Classes.MAPPER;
    }

    private static JsonMapper.Builder builder() {
        return JsonMapper.builder(FACTORY.copy())
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
        return JsonNodeFactory.instance.objectNode();
    }

    public static ArrayNode array() {
        return JsonNodeFactory.instance.arrayNode();
    }

    /** The texts in their order. */
    public static ArrayNode array(Iterable<String> texts) {
        ArrayNode array = array();
        texts.forEach(array::add);
        return array;
    }

    public static ObjectNode object(SortedMap<String, String> texts) {
        ObjectNode object = object();
        texts.forEach(object::put);
        return object;
    }

    /** @throws BadJson if the text is not one JSON value */
    public static JsonNode parse(String text) {
        try (JsonParser parser = FACTORY.createParser(text)) {
            if (parser.nextToken() == null) {
                throw new BadJson("empty instead of JSON");
            }
            JsonNode node = ExactTree.read(parser);
            if (parser.nextToken() != null) {
                throw invalidAt(parser.currentTokenLocation());
            }
            return node;
        } catch (NumberFormatException e) {
            throw new BadJson("invalid JSON: a number's exponent is too long");
        } catch (StreamConstraintsException e) {
            throw new BadJson("over a limit for JSON: " + e.getOriginalMessage());
        } catch (JsonProcessingException e) { // its message quotes the text, which may be confidential
            throw invalidAt(e.getLocation());
        } catch (IOException e) {
            throw new IllegalStateException("a text is read without input or output", e);
        }
    }

    private static BadJson invalidAt(JsonLocation at) {
        return new BadJson(
                "invalid JSON or a duplicate name at line " + at.getLineNr() + ", column " + at.getColumnNr());
    }

    public static String print(JsonNode node) {
        StringWriter text = new StringWriter();
        try (JsonGenerator generator = FACTORY.createGenerator(text)) {
            print(node, generator);
        } catch (IOException e) {
            throw new IllegalStateException("a JSON tree always prints", e);
        }
        return escaped(text.toString());
    }

    private static void print(JsonNode node, JsonGenerator generator) throws IOException {
        switch (node) {
            case ObjectNode object -> {
                generator.writeStartObject();
                for (var member : object.properties()) {
                    generator.writeFieldName(member.getKey());
                    print(member.getValue(), generator);
                }
                generator.writeEndObject();
            }
            case ArrayNode array -> {
                generator.writeStartArray();
                for (JsonNode element : array) {
                    print(element, generator);
                }
                generator.writeEndArray();
            }
            case TextNode text -> generator.writeString(text.textValue());
            case ExactNumber number -> generator.writeNumber(number.asText());
            case DecimalNode number -> generator.writeNumber(number.decimalValue());
            case BigIntegerNode number -> generator.writeNumber(number.bigIntegerValue());
            case IntNode number -> generator.writeNumber(number.intValue());
            case LongNode number -> generator.writeNumber(number.longValue());
            case BooleanNode value -> generator.writeBoolean(value.booleanValue());
            case NullNode _ -> generator.writeNull();
            default -> generator.writeRawValue(written(node)); // which no tree of ours has
        }
    }

    private static String written(@Nullable Object value) throws JsonProcessingException {
        return Classes.MAPPER.writeValueAsString(value);
    }

    /** JSON as an earlier version printed it, when it wrote each number as {@link java.math.BigDecimal} does. */
    public static String printedEarlier(String json) {
        try {
            return print(Earlier.MAPPER.readTree(json));
        } catch (JsonProcessingException e) {
            throw new BadJson("not JSON, though it was");
        }
    }

    /** JSON without a character that SQS refuses or UTF-8 cannot hold: each is escaped. */
    public static String write(@Nullable Object value) throws JsonProcessingException {
        return value instanceof JsonNode node ? print(node) : escaped(written(value));
    }

    private static String escaped(String json) {
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
        private static final ObjectMapper MAPPER = builder().build();
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

    /** Null if the member is absent or null. */
    public static @Nullable Instant instantOrNull(JsonNode node, String name) {
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
