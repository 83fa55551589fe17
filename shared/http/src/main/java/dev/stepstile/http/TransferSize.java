package dev.stepstile.http;

import com.fasterxml.jackson.databind.JsonNode;
import dev.stepstile.codec.Json;
import dev.stepstile.http.Http.Problem;
import dev.stepstile.step.Limits;
import org.jspecify.annotations.Nullable;

/**
 * What a body takes of Lambda's 6 MiB for an event or an answer, in which it is a string of JSON: a quote, a backslash
 * and a line break are two bytes, another control character six. Both stacks count so, whatever carries the body.
 */
public final class TransferSize {
    private TransferSize() {}

    static long bytes(JsonNode json) {
        return bytes(Json.print(json));
    }

    /** Of a text, as a part of such a string. */
    public static long bytes(String text) {
        long bytes = 0;
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            bytes += switch (c) {
                case '"', '\\', '\b', '\f', '\n', '\r', '\t' -> 2;
                default -> c < ' ' ? 6 : c < 0x80 ? 1 : c < 0x800 || Character.isSurrogate(c) ? 2 : 3;
            };
        }
        return bytes;
    }

    /** @throws Problem if it is over the limit of a request */
    static void refuseTooLarge(@Nullable String body) {
        if (body != null && bytes(body) > Limits.REQUEST_BYTES) {
            throw new Problem(
                    413,
                    "request-too-large",
                    "The request body is over " + Limits.REQUEST_BYTES
                            + " bytes as a JSON string, in which a quote counts as two; dispatch in several calls, or put"
                            + " large inputs into your own storage and pass their locations.");
        }
    }
}
