package dev.stepstile.codec;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/**
 * JSON in one form, for comparing: RFC 8785, but for numbers, which stay as they were written. RFC 8785 takes them for
 * doubles, by which two numbers of 17 digits would be one.
 */
public final class CanonicalJson {
    private CanonicalJson() {}

    public static String of(JsonNode node) {
        StringBuilder text = new StringBuilder();
        write(node, text);
        return text.toString();
    }

    private static void write(JsonNode node, StringBuilder text) {
        if (node.isObject()) {
            List<String> names = new ArrayList<>();
            node.fieldNames().forEachRemaining(names::add);
            Collections.sort(names); // by UTF-16, as RFC 8785 has it
            String separator = "{";
            for (String name : names) {
                text.append(separator);
                write(name, text);
                write(node.path(name), text.append(':'));
                separator = ",";
            }
            text.append(names.isEmpty() ? "{}" : "}");
        } else if (node.isArray()) {
            String separator = "[";
            for (JsonNode element : node) {
                write(element, text.append(separator));
                separator = ",";
            }
            text.append(node.isEmpty() ? "[]" : "]");
        } else if (node.isTextual()) {
            write(node.textValue(), text);
        } else {
            text.append(node.asText());
        }
    }

    /** In runs: what needs no escape, of a large text nearly all, is copied as it stands. */
    private static void write(String value, StringBuilder text) {
        text.append('"');
        int written = 0;
        for (int i = 0; i < value.length(); i++) {
            if (isEscaped(value, i)) {
                text.append(value, written, i).append(escaped(value.charAt(i)));
                written = i + 1;
            }
        }
        text.append(value, written, value.length()).append('"');
    }

    private static boolean isEscaped(String value, int i) {
        char c = value.charAt(i);
        return c < ' ' || c == '"' || c == '\\' || isHalf(value, i);
    }

    private static String escaped(char c) {
        return switch (c) {
            case '"' -> "\\\"";
            case '\\' -> "\\\\";
            case '\b' -> "\\b";
            case '\f' -> "\\f";
            case '\n' -> "\\n";
            case '\r' -> "\\r";
            case '\t' -> "\\t";
            default -> "\\u%04x".formatted((int) c);
        };
    }

    /** A surrogate without its other half, which UTF-8 cannot hold. */
    private static boolean isHalf(String value, int i) {
        char c = value.charAt(i);
        return Character.isHighSurrogate(c)
                ? i + 1 == value.length() || !Character.isLowSurrogate(value.charAt(i + 1))
                : Character.isLowSurrogate(c) && (i == 0 || !Character.isHighSurrogate(value.charAt(i - 1)));
    }
}
