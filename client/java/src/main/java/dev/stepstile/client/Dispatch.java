package dev.stepstile.client;

import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Steps to hand over in one call.
 *
 * @param dispatchId names the call: the same id with the same content is the same dispatch. 1 to 128 of
 *     {@code A-Z a-z 0-9 . _ : ~ @ + = -}
 * @param tenant whose steps these are: on AWS, one tenant's backlog delays other tenants less. 1 to 128 of the same
 *     characters; null: each run is a tenant of its own
 * @param steps at least one
 * @param defaults what the steps have in common
 * @param tags of all steps; a step's own tag of the same name wins
 * @param sharedInputs by name, stored once and seen by each step: at most 8, together at most 5 MiB
 */
public record Dispatch(
        String dispatchId,
        @Nullable String tenant,
        List<Step> steps,
        StepSettings defaults,
        Map<String, String> tags,
        Map<String, JsonValue> sharedInputs) {
    /** Keeps copies of the collections. */
    public Dispatch {
        steps = List.copyOf(steps);
        tags = Map.copyOf(tags);
        sharedInputs = Collections.unmodifiableMap(new TreeMap<>(sharedInputs));
    }

    /** Steps that have nothing in common. */
    public static Dispatch of(String dispatchId, List<Step> steps) {
        return new Dispatch(dispatchId, null, steps, StepSettings.NONE, Map.of(), Map.of());
    }

    /** The same for another tenant. */
    public Dispatch withTenant(@Nullable String other) {
        return new Dispatch(dispatchId, other, steps, defaults, tags, sharedInputs);
    }

    /** The same with other settings of all steps. */
    public Dispatch withDefaults(StepSettings other) {
        return new Dispatch(dispatchId, tenant, steps, other, tags, sharedInputs);
    }

    /** The same with other tags of all steps. */
    public Dispatch withTags(Map<String, String> other) {
        return new Dispatch(dispatchId, tenant, steps, defaults, other, sharedInputs);
    }

    /** The same with other inputs that the steps share. */
    public Dispatch withSharedInputs(Map<String, JsonValue> other) {
        return new Dispatch(dispatchId, tenant, steps, defaults, tags, other);
    }
}
