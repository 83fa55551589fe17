package dev.stepstile.http;

import dev.stepstile.step.StepKeys;

/** Text that a caller sent, as a log line or a message to people shows it. */
public final class SentText {
    private SentText() {}

    /** On one line: cut, with each character that a terminal would not show as it is written as {@code \\u202E}. */
    public static String shown(String text, int mostCharacters) {
        StringBuilder shown = new StringBuilder();
        text.codePoints().limit(mostCharacters).forEach(character -> {
            if (StepKeys.fault("a" + Character.toString(character) + "a") == null || character == '#') {
                shown.appendCodePoint(character);
            } else {
                shown.append("\\u%04X".formatted(character));
            }
        });
        return text.codePoints().skip(mostCharacters).findAny().isPresent()
                ? shown.append('…').toString()
                : shown.toString();
    }
}
