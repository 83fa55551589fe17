package dev.stepstile.http;

import dev.stepstile.http.Http.Problem;
import dev.stepstile.step.StepKeys;

/** Refuses an invalid step key; the answer names the key, the invalid character and its position. */
final class StepKeyValidation {
    private static final int SHOWN = 100;

    private StepKeyValidation() {}

    /** @param where which key it is: {@code steps[3].key} */
    static void refuse(String where, String key) {
        String fault = StepKeys.fault(key);
        if (fault != null) {
            throw Problem.badRequest(
                    "bad-step-key",
                    "Invalid step key " + shown(key) + " (" + where + "): " + fault + ". A key must have 1 to "
                            + StepKeys.MAX_BYTES
                            + " bytes of UTF-8, no control characters, line breaks or #, and no blank at either end.");
        }
    }

    /** The key as JSON, cut, with what a terminal would not show as {@code \\u202E}. */
    private static String shown(String key) {
        StringBuilder shown = new StringBuilder("\"");
        key.codePoints().limit(SHOWN).forEach(character -> {
            if (StepKeys.fault("a" + Character.toString(character) + "a") == null || character == '#') {
                shown.appendCodePoint(character);
            } else {
                shown.append("\\u%04X".formatted(character));
            }
        });
        return shown.append(key.codePoints().skip(SHOWN).findAny().isPresent() ? "…\"" : "\"")
                .toString();
    }
}
