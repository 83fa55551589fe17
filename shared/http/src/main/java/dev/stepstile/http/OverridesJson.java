package dev.stepstile.http;

import com.fasterxml.jackson.databind.JsonNode;
import dev.stepstile.codec.Json;
import dev.stepstile.http.Http.Problem;
import dev.stepstile.step.Limits;
import dev.stepstile.step.StepOverrides;
import dev.stepstile.step.Times;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** What a redrive changes of its steps, as its caller writes it: checked as a dispatch checks a step. */
final class OverridesJson {
    private static final Set<String> NAMES =
            Set.of("handler", "maxAttempts", "timeoutSeconds", "retry", "notBefore", "deadline", "input");

    private OverridesJson() {}

    /** All but the input. */
    static StepOverrides read(JsonNode redrive) {
        JsonNode node = Parameters.object(redrive, "overrides", "bad-overrides");
        Parameters.known(node, "'overrides'", NAMES);
        JsonNode retry = Parameters.object(node, "retry", "bad-overrides");
        RetryJson.known(retry);
        Integer attempts = whole(node, "maxAttempts", "bad-max-attempts", Limits.MAX_ATTEMPTS);
        Integer timeout = whole(node, "timeoutSeconds", "bad-timeout", (int) Limits.TIMEOUT.toSeconds());
        return new StepOverrides(
                handler(node),
                new StepOverrides.Retries(
                        attempts,
                        seconds(retry, "baseSeconds"),
                        seconds(retry, "capSeconds"),
                        RetryJson.on("", retry),
                        RetryJson.never("", retry)),
                timeout == null ? null : Duration.ofSeconds(timeout),
                null,
                new Times(
                        MomentJson.read("", node, "notBefore", "bad-not-before", Limits.NOT_BEFORE),
                        MomentJson.read("", node, "deadline", "bad-deadline", Limits.DEADLINE)));
    }

    /** The JSON of another input; null if there is none. */
    static @Nullable String input(JsonNode redrive, boolean keysAreNamed) {
        JsonNode input = redrive.path("overrides").get("input");
        if (input == null) {
            return null;
        }
        if (!keysAreNamed) {
            throw Problem.badRequest(
                    "bad-overrides", "'overrides' may have an 'input' only if 'keys' names the steps.");
        }
        String json = Json.print(input);
        int bytes = json.getBytes(StandardCharsets.UTF_8).length;
        Parameters.refuseTooLarge("The input", bytes);
        return json;
    }

    private static @Nullable String handler(JsonNode node) {
        if (!node.hasNonNull("handler")) {
            return null;
        }
        String handler = node.path("handler").textValue();
        if (handler == null || !Limits.isHandlerName(handler)) {
            throw Problem.badRequest("bad-handler", "'handler' must have 1 to 128 characters of A-Z a-z 0-9 . _ -");
        }
        return handler;
    }

    private static @Nullable Integer whole(JsonNode node, String name, String problem, int most) {
        if (!node.hasNonNull(name)) {
            return null;
        }
        return (int) Parameters.whole(node.path(name), 1, most)
                .orElseThrow(() ->
                        Problem.badRequest(problem, "'" + name + "' must be a whole number from 1 to " + most + "."));
    }

    private static @Nullable Duration seconds(JsonNode retry, String name) {
        if (!retry.hasNonNull(name)) {
            return null;
        }
        return Parameters.backoff("", name, retry.path(name));
    }
}
