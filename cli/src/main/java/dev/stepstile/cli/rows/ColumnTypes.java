package dev.stepstile.cli.rows;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.BooleanNode;
import com.fasterxml.jackson.databind.node.NullNode;
import com.fasterxml.jackson.databind.node.TextNode;
import dev.stepstile.codec.Json;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** What the cells of CSV columns become. Each is a string, unless its column was given another type. */
public final class ColumnTypes {
    /** All columns are strings. */
    public static final ColumnTypes STRINGS = new ColumnTypes(Map.of());

    /** Of a column. An empty cell is null, except in a column of strings. */
    enum Type {
        STRING,
        NUMBER,
        BOOLEAN,
        JSON
    }

    private final Map<String, Type> byColumn;

    private ColumnTypes(Map<String, Type> byColumn) {
        this.byColumn = byColumn;
    }

    /**
     * Types by column.
     *
     * @param names of the types, in any case
     * @throws IllegalArgumentException with a sentence for people
     */
    public static ColumnTypes of(Map<String, String> names) {
        Map<String, Type> types = new TreeMap<>();
        names.forEach((column, name) -> {
            try {
                types.put(column, Type.valueOf(name.toUpperCase(Locale.ROOT)));
            } catch (IllegalArgumentException e) {
                throw new IllegalArgumentException("--types: '" + name
                        + "' is no type of a column; the types are string, number, boolean and json.");
            }
        });
        return new ColumnTypes(types);
    }

    boolean isEmpty() {
        return byColumn.isEmpty();
    }

    void refuseUnknown(Set<String> columns) {
        for (String column : byColumn.keySet()) {
            if (!columns.contains(column)) {
                throw new BadRowException("line 1: --types names the column '" + column + "', and the columns are "
                        + String.join(", ", new TreeSet<>(columns)) + ".");
            }
        }
    }

    JsonNode value(String column, String cell, long line) {
        Type type = byColumn.getOrDefault(column, Type.STRING);
        if (type == Type.STRING) {
            return TextNode.valueOf(cell);
        }
        if (cell.isBlank()) {
            return NullNode.instance;
        }
        JsonNode value = typed(type, cell.strip());
        if (value == null) {
            throw new BadRowException("line " + line + ": column '" + column + "' is "
                    + switch (type) {
                        case NUMBER -> "not a number as JSON writes it (12, -0.5, 1e9)";
                        case BOOLEAN -> "neither true nor false";
                        case STRING, JSON -> "not one JSON value";
                    }
                    + ".");
        }
        return value;
    }

    private static @Nullable JsonNode typed(Type type, String cell) {
        try {
            JsonNode value = Json.parse(cell);
            return switch (type) {
                case NUMBER -> value.isNumber() ? value : null;
                case BOOLEAN -> value instanceof BooleanNode ? value : null;
                case STRING, JSON -> value;
            };
        } catch (Json.BadJson e) {
            return null;
        }
    }
}
