package dev.stepstile.client;

import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.SerializerProvider;
import com.fasterxml.jackson.databind.annotation.JsonSerialize;
import com.fasterxml.jackson.databind.ser.std.StdSerializer;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/**
 * Any JSON: a step's input or its result. It keeps the characters in which it was written, so numbers of any length and
 * members in any order pass through a client unchanged. Two are equal if their characters are.
 */
@JsonSerialize(using = JsonValue.AsItIs.class)
public final class JsonValue {
    /** The JSON word {@code null}. */
    public static final JsonValue NULL = new JsonValue("null");

    private final String text;

    JsonValue(String text) {
        this.text = text;
    }

    /**
     * What Jackson makes of a value: a record, a class with getters, a {@code Map}, a {@code List}, a {@code JsonNode}, a
     * string, a number, {@code null}; a {@code JsonValue} is itself.
     *
     * @throws IllegalArgumentException if there is no JSON for it, as for {@code NaN} or a class without properties
     */
    public static JsonValue of(@Nullable Object value) {
        if (value instanceof JsonValue json) {
            return json;
        }
        try {
            return parse(Json.write(value));
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException("A step's input, shared input or tag is not JSON: " + e.getMessage(), e);
        }
    }

    /** @throws IllegalArgumentException if the text is not one JSON value */
    public static JsonValue parse(String text) {
        Json.check(text);
        return new JsonValue(text);
    }

    /** The JSON as text. */
    public String text() {
        return text;
    }

    /** The JSON as a tree, with decimals as {@code BigDecimal}. */
    public JsonNode tree() {
        try {
            return Json.MAPPER.readTree(text);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("checked when it was made", e);
        }
    }

    /**
     * The JSON read into a type: a record, a class, {@code Map} or {@code List}. Members that the type lacks are ignored.
     *
     * @return null for the JSON word {@code null}
     * @throws IllegalArgumentException if the JSON does not fit the type
     */
    public <T> @Nullable T as(Class<T> type) {
        try {
            return Json.MAPPER.readValue(text, type);
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException("The JSON does not fit " + type.getName() + ".", e);
        }
    }

    /** As {@link #as(Class)}, for types with parameters: {@code new TypeReference<List<Row>>() {}}. */
    public <T> @Nullable T as(TypeReference<T> type) {
        try {
            return Json.MAPPER.readValue(text, type);
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException("The JSON does not fit " + type.getType() + ".", e);
        }
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof JsonValue json && json.text.equals(text);
    }

    @Override
    public int hashCode() {
        return text.hashCode();
    }

    /** The JSON as text. */
    @Override
    public String toString() {
        return text;
    }

    /** So that one can be a part of another value. */
    static final class AsItIs extends StdSerializer<JsonValue> {
        AsItIs() {
            super(JsonValue.class);
        }

        @Override
        public void serialize(JsonValue value, JsonGenerator generator, SerializerProvider provider)
                throws IOException {
            generator.writeRawValue(value.text);
        }
    }
}
