package dev.stepstile.step;

import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * What may be a step's key: any text of up to {@value #MAX_BYTES} bytes of UTF-8 that can be read aloud from a line of a
 * log and written back. DynamoDB takes sort keys of 1,024 bytes, and the longest that holds a step's key adds 36 to it.
 * Keys are compared byte by byte: {@code é} as one character and as {@code e} with an accent are two keys.
 */
public final class StepKeys {
    public static final int MAX_BYTES = 512;

    private StepKeys() {}

    /** What is wrong with it, to follow the key in a sentence; null if it is a step's key. */
    public static @Nullable String fault(String key) {
        if (key.isEmpty()) {
            return "it is empty";
        }
        int position = 0;
        for (int i = 0; i < key.length(); i += Character.charCount(key.codePointAt(i))) {
            position++;
            int character = key.codePointAt(i);
            boolean atAnEnd = i == 0 || i + Character.charCount(character) == key.length();
            String why = fault(character, atAnEnd);
            if (why != null) {
                return why.formatted(name(character)) + " at position " + position + why(character);
            }
        }
        int bytes = key.getBytes(StandardCharsets.UTF_8).length;
        return bytes > MAX_BYTES ? "it has " + bytes + " bytes of UTF-8, the limit is " + MAX_BYTES : null;
    }

    private static @Nullable String fault(int character, boolean atAnEnd) {
        if (character == '#' || !isWritten(character)) {
            return "the character %s";
        }
        return atAnEnd && isBlank(character) ? "the blank %s" : null;
    }

    private static String why(int character) {
        return character == '#'
                ? " is not allowed, as it separates keys from what follows them"
                : isWritten(character)
                        ? " is not allowed, as a key neither begins nor ends with a blank"
                        : " is not allowed";
    }

    private static String name(int character) {
        String code = "U+%04X".formatted(character);
        return character > ' ' && character < 0x7F ? "'" + (char) character + "' (" + code + ")" : code;
    }

    private static boolean isBlank(int character) {
        return Character.isWhitespace(character) || Character.isSpaceChar(character) || character == 0xFEFF;
    }

    /** No control, line break or half of a pair, none that turns the direction of a line, none that never will be. */
    private static boolean isWritten(int character) {
        boolean never = (character & 0xFFFE) == 0xFFFE || (character >= 0xFDD0 && character <= 0xFDEF);
        return !never
                && switch (Character.getType(character)) {
                    case Character.CONTROL,
                            Character.SURROGATE,
                            Character.LINE_SEPARATOR,
                            Character.PARAGRAPH_SEPARATOR -> false;
                    default -> !turnsTheLine(character);
                };
    }

    private static boolean turnsTheLine(int character) {
        return (character >= 0x202A && character <= 0x202E) || (character >= 0x2066 && character <= 0x2069);
    }
}
