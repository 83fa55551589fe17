package dev.stepstile.usecase;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonMappingException;
import dev.stepstile.api.StepInput;
import dev.stepstile.api.TerminalFailure;
import dev.stepstile.codec.Json;
import java.util.Set;
import java.util.SortedMap;
import java.util.stream.Collectors;

/** A step's input as its handler reads it. */
public record HandlerInput(String json, SortedMap<String, String> sharedInputs) implements StepInput {
    @Override
    public <T> T as(Class<T> type) {
        return read("The input", json, type);
    }

    @Override
    public Set<String> sharedNames() {
        return sharedInputs.keySet();
    }

    @Override
    public String shared(String name) {
        String json = sharedInputs.get(name);
        if (json == null) {
            throw new TerminalFailure("No shared input is named '" + name + "'; there are: " + sharedInputs.keySet());
        }
        return json;
    }

    @Override
    public <T> T sharedAs(String name, Class<T> type) {
        return read("Shared input '" + name + "'", shared(name), type);
    }

    private static <T> T read(String what, String json, Class<T> type) {
        try {
            T value = Json.mapper().readValue(json, type);
            if (value == null) {
                throw new TerminalFailure(what + " is null, where " + type.getSimpleName() + " was expected");
            }
            return value;
        } catch (JsonProcessingException e) {
            throw new TerminalFailure(what + " is not a " + type.getSimpleName() + place(e));
        }
    }

    /** Where it does not fit, without what is there: an error is logged. */
    private static String place(JsonProcessingException e) {
        return e instanceof JsonMappingException mapping && !mapping.getPath().isEmpty()
                ? mapping.getPath().stream()
                        .map(step ->
                                step.getFieldName() == null ? "[" + step.getIndex() + "]" : "." + step.getFieldName())
                        .collect(Collectors.joining("", ": see $", ""))
                : "";
    }
}
