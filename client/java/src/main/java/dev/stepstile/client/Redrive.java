package dev.stepstile.client;

import java.util.Collection;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Which ended steps to run again with a fresh budget of attempts, and what to change of them. A success is never touched.
 *
 * @param redriveId names the call: however often it is made, it is one redrive. 1 to 128 of
 *     {@code A-Z a-z 0-9 . _ : ~ @ + = -}
 * @param keys the steps; empty for all of the run
 * @param filter which of them, by states among FAILED, DEAD and CANCELLED (empty for FAILED and DEAD, and CANCELLED too where
 *     keys are named) and by what else it names
 * @param overrides what changes of these steps, from now on
 * @param input in place of the steps' own, for a redrive that names keys; null for the one that they have
 */
public record Redrive(
        String redriveId,
        List<String> keys,
        StepFilter filter,
        StepSettings overrides,
        @Nullable JsonValue input) {
    /**
     * Keeps copies of the collections.
     *
     * @throws IllegalArgumentException if a limit is exceeded, or there is an input and no key
     */
    public Redrive {
        Checked.id("redriveId", redriveId);
        keys = List.copyOf(Checked.keys(keys));
        Checked.redriven(filter);
        if (input != null) {
            Checked.input(input);
            if (keys.isEmpty()) {
                throw new IllegalArgumentException("input must be of a redrive that names keys, and there are none.");
            }
        }
    }

    /** All steps that are FAILED or DEAD, as a redrive of its own. */
    public static Redrive all() {
        return new Redrive(name(), List.of(), StepFilter.ALL, StepSettings.NONE, null);
    }

    /**
     * These steps, as a redrive of its own.
     *
     * @throws IllegalArgumentException if there are none, which never means all
     */
    public static Redrive of(Collection<String> keys) {
        if (keys.isEmpty()) {
            throw new IllegalArgumentException(
                    "keys must be at least one, and are none: Redrive.all() is for all steps of the run.");
        }
        return new Redrive(name(), List.copyOf(keys), StepFilter.ALL, StepSettings.NONE, null);
    }

    private static String name() {
        return UUID.randomUUID().toString();
    }

    /** The same under another name, which a caller knows again after a crash. */
    public Redrive withId(String id) {
        return new Redrive(id, keys, filter, overrides, input);
    }

    /** The same of steps in these states alone. */
    public Redrive withStates(Set<StepStatus> states) {
        return withFilter(filter.withStates(states));
    }

    /** The same of steps that fit this alone. */
    public Redrive withFilter(StepFilter other) {
        return new Redrive(redriveId, keys, other, overrides, input);
    }

    /** The same with other settings of the steps. */
    public Redrive withOverrides(StepSettings other) {
        return new Redrive(redriveId, keys, filter, other, input);
    }

    /** The same with another input of the steps, which the redrive must name by key. */
    public Redrive withInput(JsonValue other) {
        return new Redrive(redriveId, keys, filter, overrides, other);
    }
}
