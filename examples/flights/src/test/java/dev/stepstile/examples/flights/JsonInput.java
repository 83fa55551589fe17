package dev.stepstile.examples.flights;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.stepstile.api.StepInput;
import dev.stepstile.api.StepResult;
import dev.stepstile.api.TerminalFailure;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/** Inputs given as JSON text and read by Jackson, as a worker does it. */
record JsonInput(String json, Map<String, String> sharedInputs) implements StepInput {
    private static final ObjectMapper JSON = new ObjectMapper();

    static JsonInput of(String json) {
        return new JsonInput(json, Map.of());
    }

    static JsonInput shared(String name, String json) {
        return new JsonInput("null", Map.of(name, json));
    }

    /** A result as it is recorded. */
    static String json(StepResult result) {
        try {
            return JSON.writeValueAsString(result.value());
        } catch (JsonProcessingException e) {
            throw new AssertionError(e);
        }
    }

    static <T> T read(String json, Class<T> type) {
        try {
            return JSON.readValue(json, type);
        } catch (JsonProcessingException e) {
            throw new TerminalFailure("The JSON does not fit " + type.getSimpleName(), e);
        }
    }

    @Override
    public <T> T as(Class<T> type) {
        return read(json, type);
    }

    @Override
    public Set<String> sharedNames() {
        return new TreeSet<>(sharedInputs.keySet());
    }

    @Override
    public String shared(String name) {
        String shared = sharedInputs.get(name);
        if (shared == null) {
            throw new TerminalFailure("The dispatch has no shared input \"" + name + "\"");
        }
        return shared;
    }

    @Override
    public <T> T sharedAs(String name, Class<T> type) {
        return read(shared(name), type);
    }
}
