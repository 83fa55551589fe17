package dev.stepstile.http;

import com.fasterxml.jackson.databind.JsonNode;
import dev.stepstile.codec.Json;
import dev.stepstile.http.Http.Problem;
import dev.stepstile.step.Limits;
import dev.stepstile.step.StepState;
import java.math.BigDecimal;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Reads and checks the parameters and bodies of calls; each check refuses with a {@link Problem}. */
final class Parameters {
    private static final Instant LAST = Instant.parse("2286-01-01T00:00:00Z");

    /** Of a name that a caller sent: a message repeats no more. */
    private static final int SHOWN = 100;

    private Parameters() {}

    static JsonNode body(Http.Call call, Set<String> names) {
        String text = call.body();
        TransferSize.refuseTooLarge(text);
        JsonNode body = text == null || text.isBlank() ? Json.object() : Json.parse(text);
        if (!body.isObject()) {
            throw Problem.badRequest("bad-json", "The request body must be a JSON object.");
        }
        known(body, "the request body", names);
        return body;
    }

    /** A list of texts; empty if there is none. One that is there and empty is refused: it never means "all". */
    static List<String> texts(JsonNode body, String name, String problem) {
        JsonNode list = body.path(name);
        List<String> texts = new ArrayList<>();
        if (list.isMissingNode() || list.isNull()) {
            return texts;
        }
        for (JsonNode text : list) {
            if (text.isTextual()) {
                texts.add(text.textValue());
            }
        }
        if (!list.isArray() || texts.size() < list.size() || texts.isEmpty()) {
            throw Problem.badRequest(
                    problem,
                    "'" + name + "' must be a list of at least one string; omit it if there is nothing to list.");
        }
        return texts;
    }

    static List<String> keys(JsonNode body) {
        List<String> keys = texts(body, "keys", "bad-keys");
        for (int i = 0; i < keys.size(); i++) {
            StepKeyValidation.refuse("keys[" + i + "]", keys.get(i));
        }
        return keys.stream().distinct().toList();
    }

    /** From when on a feed is read; null from its start. Outside of what a position can say, its first or last instant. */
    static @Nullable Instant since(Http.Call call) {
        Instant at = FilterParameters.instant("since", call.query().get("since"));
        if (at == null) {
            return null;
        }
        return at.isBefore(Instant.EPOCH) ? Instant.EPOCH : at.isAfter(LAST) ? LAST : at;
    }

    /** @param parameter by which the caller named it */
    static StepState.Name state(String parameter, String text) {
        for (StepState.Name name : StepState.Name.values()) {
            if (name.name().equals(text)) {
                return name;
            }
        }
        throw Problem.badRequest(
                "bad-state",
                "'" + parameter + "' names no such state. The states are " + List.of(StepState.Name.values()) + ".");
    }

    static int limit(Http.Call call) {
        return limit(call, 100, Limits.PAGE);
    }

    static int limit(Http.Call call, int ifAbsent, int most) {
        String text = call.query().get("limit");
        int limit = text == null ? ifAbsent : number("limit", text);
        if (limit < 1 || limit > most) {
            throw Problem.badRequest("bad-limit", "'limit' must be from 1 to " + most + ".");
        }
        return limit;
    }

    /** A member that is {@code true} or {@code false}, which it is if it is not there. */
    static boolean flag(JsonNode body, String name) {
        if (body.hasNonNull(name) && !body.path(name).isBoolean()) {
            throw Problem.badRequest("bad-flag", "'" + name + "' must be true or false.");
        }
        return body.path(name).booleanValue();
    }

    static int number(String name, String text) {
        try {
            return Integer.parseInt(text);
        } catch (NumberFormatException e) {
            throw Problem.badRequest("bad-" + name, "'" + name + "' must be a whole number.");
        }
    }

    /**
     * A whole number as JSON has them: {@code 3}, {@code 3.0} and {@code 3e0} are the same, as to most languages.
     *
     * @return empty if it is none, or not from {@code least} to {@code most}
     */
    static OptionalLong whole(JsonNode node, long least, long most) {
        if (!node.isNumber()) {
            return OptionalLong.empty();
        }
        BigDecimal value = node.decimalValue();
        boolean inside =
                value.compareTo(BigDecimal.valueOf(least)) >= 0 && value.compareTo(BigDecimal.valueOf(most)) <= 0;
        return inside && value.stripTrailingZeros().scale() <= 0 // in this order: another may have a billion digits
                ? OptionalLong.of(value.longValueExact())
                : OptionalLong.empty();
    }

    /** Whether a text has more characters, which are those of Unicode: a pair of surrogates is one. */
    static boolean isLonger(String text, int characters) {
        return text.codePointCount(0, text.length()) > characters;
    }

    static String runId(String id) {
        if (!Limits.isRunId(id)) {
            throw Limits.isRunIdOfAnyVersion(id)
                    ? Problem.badRequest("bad-run-id", "Invalid runId: '.' and '..' would be another path.")
                    : invalidId("bad-run-id", "runId");
        }
        return id;
    }

    /** A name that a caller may give to a call, so that repeating it is safe. */
    static @Nullable String id(JsonNode body, String name, String problem) {
        if (!body.hasNonNull(name)) {
            return null;
        }
        String id = body.path(name).textValue();
        if (id == null || !Limits.isDispatchId(id)) {
            throw invalidId(problem, name);
        }
        return id;
    }

    private static Problem invalidId(String problem, String name) {
        return Problem.badRequest(
                problem, "Invalid " + name + ": it must have 1 to 128 characters of A-Z a-z 0-9 . _ : ~ @ + = -");
    }

    /** A member that is an object, if it is there; null counts as absent. */
    static JsonNode object(JsonNode holder, String name, String problem) {
        JsonNode node = holder.path(name);
        if (!node.isObject() && !node.isMissingNode() && !node.isNull()) {
            throw Problem.badRequest(problem, "'" + name + "' must be an object.");
        }
        return node;
    }

    static void known(JsonNode node, String where, Set<String> names) {
        for (var entry : node.properties()) {
            if (!names.contains(entry.getKey())) {
                throw Problem.badRequest(
                        "unknown-member",
                        "Unknown member '" + SentText.shown(entry.getKey(), SHOWN) + "' in " + where
                                + (names.isEmpty()
                                        ? "; it takes none."
                                        : "; the members are "
                                                + String.join(
                                                        ", ",
                                                        names.stream().sorted().toList())
                                                + "."));
            }
        }
    }

    /** @param what the input, as the answer names it */
    static void refuseTooLarge(String what, long bytes) {
        if (bytes > Limits.INPUT_BYTES) {
            throw new Problem(
                    413,
                    "input-too-large",
                    what + ": " + bytes + " bytes of JSON are over the limit of " + Limits.INPUT_BYTES
                            + "; put the data into your own storage and pass its location.");
        }
    }

    /** @param whose what the answer names before the parameter */
    static Duration backoff(String whose, String name, JsonNode node) {
        double seconds = node.isNumber() ? node.doubleValue() : -1;
        if (!(seconds >= 0 && seconds <= Limits.RETRY_DELAY.toSeconds())) {
            throw Problem.badRequest(
                    "bad-retry",
                    whose + "'" + name + "' must be from 0 to " + Limits.RETRY_DELAY.toSeconds() + " seconds.");
        }
        return Duration.ofMillis(Math.round(seconds * 1000));
    }
}
