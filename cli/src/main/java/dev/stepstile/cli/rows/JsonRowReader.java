package dev.stepstile.cli.rows;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectReader;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.stepstile.codec.Json;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** The elements of an array, or the {@code steps} of a dispatch document, wherever among its members they are. */
final class JsonRowReader implements RowReader {
    private static final String STEPS = "steps";

    /** One value of many: numbers keep their characters, and what follows is not read. */
    private static final ObjectReader VALUE =
            Json.mapper().readerFor(JsonNode.class).without(DeserializationFeature.FAIL_ON_TRAILING_TOKENS);

    private final JsonParser parser;
    private boolean begun;
    private int number;

    private JsonRowReader(JsonParser parser) {
        this.parser = parser;
    }

    static JsonRowReader of(Path file) throws IOException {
        return new JsonRowReader(parser(file));
    }

    private static JsonParser parser(Path file) throws IOException {
        return Json.mapper()
                .getFactory()
                .createParser(Files.newBufferedReader(file, StandardCharsets.UTF_8)); // which refuses what is not UTF-8
    }

    /** What a dispatch document has beside its steps; empty if the file is an array. */
    static @Nullable ObjectNode head(Path file) throws IOException {
        try (JsonParser parser = parser(file)) {
            return reading(parser, () -> head(parser));
        }
    }

    private static @Nullable ObjectNode head(JsonParser parser) throws IOException {
        JsonToken first = parser.nextToken();
        if (first == JsonToken.START_ARRAY) {
            return null;
        }
        if (first != JsonToken.START_OBJECT) {
            throw new BadRowException(
                    "line 1: JSON must be an array of rows, or a dispatch document {\"steps\": […]}.");
        }
        ObjectNode head = Json.object();
        boolean steps = false;
        for (String name = parser.nextFieldName(); name != null; name = parser.nextFieldName()) {
            JsonToken value = parser.nextToken();
            if (name.equals(STEPS)) {
                if (value != JsonToken.START_ARRAY) {
                    throw new BadRowException(
                            "line " + line(parser) + ": 'steps' of a dispatch document must be an array.");
                }
                steps = true;
                parser.skipChildren();
            } else {
                head.set(name, VALUE.readValue(parser));
            }
        }
        if (!steps) {
            throw new BadRowException(
                    "the document has no 'steps': JSON must be an array of rows, or a dispatch document.");
        }
        return head;
    }

    @Override
    public @Nullable Row next() throws IOException {
        return reading(parser, () -> {
            if (!begun) {
                begin();
                begun = true;
            }
            if (parser.nextToken() == JsonToken.END_ARRAY) {
                return null;
            }
            number++;
            return new Row(number, line(parser), VALUE.<JsonNode>readValue(parser));
        });
    }

    private void begin() throws IOException {
        if (parser.nextToken() == JsonToken.START_ARRAY) {
            return;
        }
        for (String name = parser.nextFieldName(); name != null; name = parser.nextFieldName()) {
            parser.nextToken();
            if (name.equals(STEPS)) {
                return;
            }
            parser.skipChildren();
        }
    }

    private static int line(JsonParser parser) {
        return parser.currentTokenLocation().getLineNr();
    }

    private interface Reading<T extends @Nullable Object> {
        T read() throws IOException;
    }

    private static <T extends @Nullable Object> T reading(JsonParser parser, Reading<T> reading) throws IOException {
        try {
            return reading.read();
        } catch (NumberFormatException e) {
            throw new BadRowException("line " + line(parser) + ": a number's exponent is too long.");
        } catch (JsonProcessingException e) { // its message quotes the text, which may be confidential
            throw new BadRowException("line "
                    + Math.max(1, e.getLocation() == null ? 1 : e.getLocation().getLineNr())
                    + ": not JSON from here on, or a name is there twice, or it is nested over 1000 deep.");
        } catch (CharacterCodingException e) {
            throw new BadRowException("the input is not UTF-8, somewhere after line " + line(parser)
                    + ": save the file in that encoding.");
        }
    }

    @Override
    public void close() throws IOException {
        parser.close();
    }
}
