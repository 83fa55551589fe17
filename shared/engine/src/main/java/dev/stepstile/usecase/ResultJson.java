package dev.stepstile.usecase;

import com.fasterxml.jackson.core.JsonProcessingException;
import dev.stepstile.api.StepResult;
import dev.stepstile.codec.Json;
import dev.stepstile.step.Limits;
import dev.stepstile.step.StepError;
import dev.stepstile.step.StepEvent.FailureKind;
import java.nio.charset.StandardCharsets;

/** What a handler returned, as JSON text within the limits. */
public final class ResultJson {
    private ResultJson() {}

    /** @throws AttemptFailed if it does not serialise, or is too large; trying again would not help */
    public static String of(StepResult result) throws AttemptFailed {
        String json;
        try {
            String text = result.json();
            json = text != null ? Json.print(Json.parse(text)) : Json.write(result.value());
        } catch (JsonProcessingException | Json.BadJson e) {
            throw new AttemptFailed(
                    FailureKind.TERMINAL,
                    StepError.Kind.RESULT_NOT_SERIALISABLE,
                    "The result does not serialise as JSON (" + e.getClass().getSimpleName()
                            + "); return records, maps, lists, strings, numbers, booleans or null.");
        }
        int size = json.getBytes(StandardCharsets.UTF_8).length;
        if (size > Limits.RESULT_BYTES) {
            throw new AttemptFailed(
                    FailureKind.TERMINAL,
                    StepError.Kind.RESULT_TOO_LARGE,
                    "The result is " + size + " bytes of JSON, the limit is " + Limits.RESULT_BYTES
                            + "; write it to your own storage and return where it is.");
        }
        return json;
    }
}
