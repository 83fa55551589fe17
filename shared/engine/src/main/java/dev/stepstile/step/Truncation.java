package dev.stepstile.step;

/** Shortens texts for people without halving a character. */
public final class Truncation {
    private Truncation() {}

    /** The first {@code chars} of a longer text, or one less where that would halve a character. */
    static String end(String text, int chars) {
        return text.substring(0, Character.isHighSurrogate(text.charAt(chars - 1)) ? chars - 1 : chars);
    }

    /**
     * At most {@code chars} of a text. What is left out is the middle: an error begins with what happened, and ends with
     * its cause.
     *
     * @param chars 4 or more
     */
    public static String middle(String text, int chars) {
        if (text.length() <= chars) {
            return text;
        }
        int first = (chars - 1) * 2 / 5;
        int from = text.length() - (chars - 1 - first);
        return end(text, first) + "…" + text.substring(Character.isLowSurrogate(text.charAt(from)) ? from + 1 : from);
    }
}
