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
 *     {@code A-Z a-z 0-9 . _ : ~ @ + = -}; null: Stepstile derives it from the content, so that the same steps are the same
 *     dispatch
 * @param tenant whose steps these are: on AWS, one tenant's backlog delays other tenants less. 1 to 128 of the same
 *     characters; null: each run is a tenant of its own
 * @param steps at least one
 * @param defaults what the steps have in common
 * @param tags of all steps; a step's own tag of the same name wins
 * @param sharedInputs by name, stored once and seen by each step: at most 8, together at most 5 MiB
 * @param notifies who is told that the dispatch has ended; null: nobody. A dispatch that is made as several calls, because
 *     of its size, tells of the end of each
 */
public record Dispatch(
        @Nullable String dispatchId,
        @Nullable String tenant,
        List<Step> steps,
        StepSettings defaults,
        Map<String, String> tags,
        Map<String, JsonValue> sharedInputs,
        @Nullable NotifyTarget notifies) {
    /**
     * Keeps copies of the collections.
     *
     * @throws IllegalArgumentException if a limit is exceeded
     */
    public Dispatch {
        Checked.idOrNull("dispatchId", dispatchId);
        Checked.idOrNull("tenant", tenant);
        steps = List.copyOf(steps);
        tags = Map.copyOf(Checked.tags(tags));
        sharedInputs = Collections.unmodifiableMap(new TreeMap<>(Checked.sharedInputs(sharedInputs)));
    }

    /** Steps that have nothing in common, under a name that is derived from them. */
    public static Dispatch of(List<Step> steps) {
        return new Dispatch(null, null, steps, StepSettings.NONE, Map.of(), Map.of(), null);
    }

    /** Steps that have nothing in common. */
    public static Dispatch of(String dispatchId, List<Step> steps) {
        return new Dispatch(dispatchId, null, steps, StepSettings.NONE, Map.of(), Map.of(), null);
    }

    /** The keys of the steps, in their order: what {@link StepstileClient#follow} takes. */
    public List<String> keys() {
        return steps.stream().map(Step::key).toList();
    }

    /** The same for another tenant. */
    public Dispatch withTenant(@Nullable String other) {
        return new Dispatch(dispatchId, other, steps, defaults, tags, sharedInputs, notifies);
    }

    /** The same with other settings of all steps. */
    public Dispatch withDefaults(StepSettings other) {
        return new Dispatch(dispatchId, tenant, steps, other, tags, sharedInputs, notifies);
    }

    /** The same with other tags of all steps. */
    public Dispatch withTags(Map<String, String> other) {
        return new Dispatch(dispatchId, tenant, steps, defaults, other, sharedInputs, notifies);
    }

    /** The same with other inputs that the steps share. */
    public Dispatch withSharedInputs(Map<String, JsonValue> other) {
        return new Dispatch(dispatchId, tenant, steps, defaults, tags, other, notifies);
    }

    /** The same, which tells somebody else that it has ended. */
    public Dispatch withNotifies(@Nullable NotifyTarget other) {
        return new Dispatch(dispatchId, tenant, steps, defaults, tags, sharedInputs, other);
    }
}
