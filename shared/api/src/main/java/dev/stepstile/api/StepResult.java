package dev.stepstile.api;

import org.jspecify.annotations.Nullable;

/**
 * What a step returns: a value made of records, maps, lists, strings, numbers, booleans and null, or JSON text.
 * It is serialised before success is declared; a value that does not serialise, or is over the limit, fails the step
 * terminally.
 */
public final class StepResult {
    private static final StepResult NONE = new StepResult(null, null);

    private final @Nullable Object value;
    private final @Nullable String json;

    private StepResult(@Nullable Object value, @Nullable String json) {
        this.value = value;
        this.json = json;
    }

    /** The result of a step that returns no value. */
    public static StepResult none() {
        return NONE;
    }

    /** A value to be serialised as JSON. */
    public static StepResult of(Object value) {
        return new StepResult(value, null);
    }

    /** JSON text, kept as it is once it has been checked to be JSON. */
    public static StepResult ofJson(String json) {
        return new StepResult(null, json);
    }

    /** The value given to {@link #of}, else null. */
    public @Nullable Object value() {
        return value;
    }

    /** The text given to {@link #ofJson}, else null. */
    public @Nullable String json() {
        return json;
    }
}
