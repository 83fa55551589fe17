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
                    "Invalid step key \"" + SentText.shown(key, SHOWN) + "\" (" + where + "): " + fault
                            + ". A key must have 1 to "
                            + StepKeys.MAX_BYTES
                            + " bytes of UTF-8, no control characters, line breaks or #, and no blank at either end.");
        }
    }
}
