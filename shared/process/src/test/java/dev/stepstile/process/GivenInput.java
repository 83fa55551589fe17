package dev.stepstile.process;

import dev.stepstile.api.StepInput;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/** Inputs given as JSON text. */
record GivenInput(String json, Map<String, String> sharedInputs) implements StepInput {
    static GivenInput of(String json) {
        return new GivenInput(json, Map.of());
    }

    @Override
    public <T> T as(Class<T> type) {
        throw new UnsupportedOperationException("a process reads its input itself");
    }

    @Override
    public Set<String> sharedNames() {
        return new TreeMap<>(sharedInputs).navigableKeySet();
    }

    @Override
    public String shared(String name) {
        return sharedInputs.getOrDefault(name, "");
    }

    @Override
    public <T> T sharedAs(String name, Class<T> type) {
        throw new UnsupportedOperationException("a process reads its input itself");
    }
}
