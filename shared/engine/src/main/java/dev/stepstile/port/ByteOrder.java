package dev.stepstile.port;

import java.util.Comparator;

/** The order of sort keys in a table: that of their bytes in UTF-8, which is that of their code points. */
public final class ByteOrder {
    public static final Comparator<String> OF_TEXT = ByteOrder::compare;

    private ByteOrder() {}

    private static int compare(String one, String other) {
        int common = Math.min(one.length(), other.length());
        for (int i = 0; i < common; i++) {
            if (one.charAt(i) != other.charAt(i)) {
                // The two halves of a pair are below U+E000 as characters, and above all others as what they make.
                return Integer.compare(weight(one.charAt(i)), weight(other.charAt(i)));
            }
        }
        return Integer.compare(one.length(), other.length());
    }

    private static int weight(char c) {
        return Character.isSurrogate(c) ? c + 0x10000 : c;
    }
}
