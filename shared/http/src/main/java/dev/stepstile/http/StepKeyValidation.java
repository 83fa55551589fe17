package dev.stepstile.http;

import dev.stepstile.http.Http.Problem;
import dev.stepstile.step.StepKeys;

/** Refuses what is no step's key, and says which it is, which character is wrong, and where. */
final class StepKeyValidation {
    private static final int SHOWN = 100;

    private StepKeyValidation() {}

    /** @param where which key it is: {@code step 3, key} */
    static void refuse(String where, String key) {
        String fault = StepKeys.fault(key);
        if (fault != null) {
            throw Problem.badRequest(
                    "bad-step-key",
                    where + " " + shown(key) + ": " + fault + ". A key is 1 to " + StepKeys.MAX_BYTES
                            + " bytes of UTF-8, without control characters, line breaks and #, and without a blank at"
                            + " either end.");
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
