package dev.stepstile.http;

import com.fasterxml.jackson.databind.JsonNode;
import dev.stepstile.codec.Json;
import dev.stepstile.http.Http.Problem;
import dev.stepstile.step.Limits;
import dev.stepstile.step.StepState;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Reads and checks the parameters and bodies of calls; each check refuses with a {@link Problem}. */
final class Parameters {
    private Parameters() {}

    static JsonNode body(Http.Call call, Set<String> names) {
        String text = call.body();
        TransferSize.refuseTooLarge(text);
        JsonNode body = text == null || text.isBlank() ? Json.object() : Json.parse(text);
        if (!body.isObject()) {
            throw Problem.badRequest("bad-json", "The request body must be a JSON object.");
        }
        DispatchApi.known(body, "the request body", names);
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

    static StepState.@Nullable Name state(@Nullable String text) {
        if (text == null) {
            return null;
        }
        for (StepState.Name name : StepState.Name.values()) {
            if (name.name().equals(text)) {
                return name;
            }
        }
        throw Problem.badRequest(
                "bad-state", "No such state. The states are " + List.of(StepState.Name.values()) + ".");
    }

    static int limit(Http.Call call) {
        String text = call.query().get("limit");
        int limit = text == null ? 100 : number("limit", text);
        if (limit < 1 || limit > Limits.PAGE) {
            throw Problem.badRequest("bad-limit", "'limit' must be from 1 to " + Limits.PAGE + ".");
        }
        return limit;
    }

    static int number(String name, String text) {
        try {
            return Integer.parseInt(text);
        } catch (NumberFormatException e) {
            throw Problem.badRequest("bad-" + name, "'" + name + "' must be a whole number.");
        }
    }

    static @Nullable String redriveId(JsonNode body) {
        if (!body.hasNonNull("redriveId")) {
            return null;
        }
        String id = body.path("redriveId").textValue();
        if (id == null || !Limits.isDispatchId(id)) {
            throw Problem.badRequest(
                    "bad-redrive-id",
                    "Invalid redriveId: it must have 1 to 128 characters of A-Z a-z 0-9 . _ : ~ @ + = -");
        }
        return id;
    }
}
