package dev.stepstile.http;

import com.fasterxml.jackson.databind.JsonNode;
import dev.stepstile.http.Http.Problem;
import dev.stepstile.step.RetryRule;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Which failures are retried, as a dispatch or a redrive writes it: {@code {"on": [name, …], "never": [name, …]}}. */
final class RetryJson {
    private static final String KINDS = RetryRule.KINDS.stream().map(Enum::name).collect(Collectors.joining(", "));

    private RetryJson() {}

    static void known(JsonNode retry) {
        Parameters.known(retry, "'retry'", Set.of("baseSeconds", "capSeconds", "on", "never"));
    }

    /** @return null if absent; never empty, which might mean all failures or none */
    static @Nullable List<String> on(String whose, JsonNode retry) {
        List<String> names = names(whose, retry, "on");
        if (names != null && names.isEmpty()) {
            throw Problem.badRequest(
                    "bad-retry",
                    whose + "'retry.on' must have at least one name; with 'maxAttempts' 1 no failure is retried, and"
                            + " with HANDLER_FAILED and TIMEOUT each is.");
        }
        return names;
    }

    /** @return null if absent */
    static @Nullable List<String> never(String whose, JsonNode retry) {
        return names(whose, retry, "never");
    }

    private static @Nullable List<String> names(String whose, JsonNode retry, String member) {
        if (!retry.hasNonNull(member)) {
            return null;
        }
        JsonNode list = retry.path(member);
        if (!list.isArray() || list.size() > RetryRule.MAX_NAMES) {
            throw Problem.badRequest(
                    "bad-retry",
                    whose + "'retry." + member + "' must be a list of at most " + RetryRule.MAX_NAMES + " names.");
        }
        List<String> names = new ArrayList<>();
        for (JsonNode entry : list) {
            String name = entry.textValue();
            if (name == null || !RetryRule.isName(name)) {
                throw Problem.badRequest(
                        "bad-retry",
                        whose + "'retry." + member + "[" + names.size() + "]' must be a kind of error (" + KINDS
                                + ") or the name of an exception, of at most 200 characters without blanks. What is"
                                + " in capitals throughout is a kind; such an exception can be named with its module.");
            }
            names.add(name);
        }
        return names;
    }
}
