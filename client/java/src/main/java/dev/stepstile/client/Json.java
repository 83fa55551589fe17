package dev.stepstile.client;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.json.JsonWriteFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.MapperFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.ObjectWriter;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.cfg.JsonNodeFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The client's JSON. */
final class Json {
    /** More than a result has, and than an answer around it adds. */
    private static final StreamReadConstraints LIMITS =
            StreamReadConstraints.builder().maxNestingDepth(2000).build();

    static final ObjectMapper MAPPER = JsonMapper.builder(JsonFactory.builder()
                    .streamReadConstraints(LIMITS)
                    .disable(JsonWriteFeature.WRITE_NAN_AS_STRINGS) // not JSON then, and refused
                    .build())
            .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .enable(JsonNodeFeature.USE_BIG_DECIMAL_FOR_FLOATS)
            .disable(JsonNodeFeature.STRIP_TRAILING_BIGDECIMAL_ZEROES)
            .enable(MapperFeature.SORT_PROPERTIES_ALPHABETICALLY)
            .enable(SerializationFeature.ORDER_MAP_ENTRIES_BY_KEYS)
            .build();

    private static final ObjectWriter ASCII = MAPPER.writer().with(JsonWriteFeature.ESCAPE_NON_ASCII);

    private static final Set<String> AS_WRITTEN = Set.of("result", "input");

    private Json() {}

    static ObjectNode object() {
        return MAPPER.createObjectNode();
    }

    /** JSON that UTF-8 can hold: halves of surrogate pairs are escaped. */
    static String write(@Nullable Object value) throws JsonProcessingException {
        String text = MAPPER.writeValueAsString(value);
        return isUtf8(text) ? text : ASCII.writeValueAsString(value);
    }

    private static boolean isUtf8(String text) {
        return StandardCharsets.UTF_8.newEncoder().canEncode(text);
    }

    static String print(JsonNode node) {
        try {
            return write(node);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("a JSON tree always prints", e);
        }
    }

    /** @throws IllegalArgumentException if the text is not one JSON value */
    static void check(String text) {
        if (!isUtf8(text)) {
            throw new IllegalArgumentException("The text has a half of a surrogate pair: escape it.");
        }
        try (JsonParser parser = MAPPER.createParser(text)) {
            if (parser.nextToken() == null) {
                throw new IllegalArgumentException("There is no JSON in an empty text.");
            }
            parser.skipChildren();
            parser.finishToken();
            if (parser.nextToken() != null) {
                throw new IllegalArgumentException("The text is more than one JSON value.");
            }
        } catch (JsonProcessingException e) { // its message quotes the text, which may be confidential
            throw new IllegalArgumentException(
                    "The text is not JSON, from character " + e.getLocation().getCharOffset() + " on.");
        } catch (IOException e) {
            throw new UncheckedIOException("a text is always read", e);
        }
    }

    /**
     * An answer of the API, empty if it is not a JSON object. A member {@code result} or {@code input} is a text in it: its
     * JSON, in the characters in which it came.
     */
    static Optional<ObjectNode> answer(String text) {
        try (JsonParser parser = MAPPER.createParser(text)) {
            if (parser.nextToken() != JsonToken.START_OBJECT) {
                return Optional.empty();
            }
            ObjectNode answer = object(parser, text);
            return parser.nextToken() == null ? Optional.of(answer) : Optional.empty();
        } catch (JsonProcessingException e) {
            return Optional.empty();
        } catch (IOException e) {
            throw new UncheckedIOException("a text is always read", e);
        }
    }

    private static ObjectNode object(JsonParser parser, String text) throws IOException {
        ObjectNode object = object();
        for (String name = parser.nextFieldName(); name != null; name = parser.nextFieldName()) {
            parser.nextToken();
            object.set(name, AS_WRITTEN.contains(name) ? asWritten(parser, text) : value(parser, text));
        }
        return object;
    }

    private static JsonNode value(JsonParser parser, String text) throws IOException {
        if (parser.isExpectedStartObjectToken()) {
            return object(parser, text);
        }
        if (parser.isExpectedStartArrayToken()) {
            ArrayNode array = MAPPER.createArrayNode();
            while (parser.nextToken() != JsonToken.END_ARRAY) {
                array.add(value(parser, text));
            }
            return array;
        }
        return switch (parser.currentToken()) {
            case VALUE_STRING -> MAPPER.getNodeFactory().textNode(parser.getText());
            case VALUE_NUMBER_INT -> MAPPER.getNodeFactory().numberNode(parser.getBigIntegerValue());
            case VALUE_NUMBER_FLOAT -> MAPPER.getNodeFactory().numberNode(parser.getDecimalValue());
            case VALUE_TRUE, VALUE_FALSE -> MAPPER.getNodeFactory().booleanNode(parser.getBooleanValue());
            default -> MAPPER.getNodeFactory().nullNode();
        };
    }

    private static TextNode asWritten(JsonParser parser, String text) throws IOException {
        int from = Math.toIntExact(parser.currentTokenLocation().getCharOffset());
        parser.skipChildren();
        parser.finishToken();
        int to = Math.toIntExact(parser.currentLocation().getCharOffset());
        return new TextNode(text.substring(from, to));
    }
}
