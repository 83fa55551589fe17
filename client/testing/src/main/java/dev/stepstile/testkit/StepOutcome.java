package dev.stepstile.testkit;

import com.fasterxml.jackson.core.JsonProcessingException;
import dev.stepstile.codec.Json;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** A step that has ended, with all its attempts. Its {@link #toString} is an account of the whole test, for a failed assertion. */
public final class StepOutcome {
    private final String state;
    private final @Nullable String result;
    private final String error;
    private final Duration took;
    private final List<AttemptOutcome> attempts;
    private final int handlerStarts;
    private final int deliveries;

    StepOutcome(
            String state,
            @Nullable String result,
            String error,
            Duration took,
            List<AttemptOutcome> attempts,
            int handlerStarts,
            int deliveries) {
        this.state = state;
        this.result = result;
        this.error = error;
        this.took = took;
        this.attempts = List.copyOf(attempts);
        this.handlerStarts = handlerStarts;
        this.deliveries = deliveries;
    }

    /** SUCCEEDED, FAILED, DEAD or CANCELLED. */
    public String state() {
        return state;
    }

    /** The kind of the step's error and its message; empty if it has none. */
    public String error() {
        return error;
    }

    /**
     * The recorded result, read into a type.
     *
     * @throws AssertionError if the step has not succeeded, or its result does not fit the type
     */
    public <T> T result(Class<T> type) {
        try {
            T value = Json.mapper().readValue(resultJson(), type);
            if (value == null) {
                throw new AssertionError("The result is null, and not a " + type.getSimpleName() + ".\n" + this);
            }
            return value;
        } catch (JsonProcessingException e) {
            throw new AssertionError("The result is not a " + type.getSimpleName() + ".\n" + this, e);
        }
    }

    /**
     * The recorded result as JSON, as callers get it; {@code null} (the JSON word) if the handler returned no value.
     *
     * @throws AssertionError if the step has not succeeded
     */
    public String resultJson() {
        assertSucceeded();
        return result == null ? "null" : result;
    }

    /** The time from the dispatch to the end of the step, by its own clock: waits for retries count, and take no time. */
    public Duration took() {
        return took;
    }

    /** Each attempt, in order; also those whose workers were lost. */
    public List<AttemptOutcome> attempts() {
        return attempts;
    }

    /** What the last attempt printed and logged. */
    public List<String> output() {
        return attempts.isEmpty() ? List.of() : attempts.getLast().output();
    }

    /** What the last attempt reported of its progress. */
    public List<AttemptOutcome.Progress> progress() {
        return attempts.isEmpty() ? List.of() : attempts.getLast().progress();
    }

    /** How often the handler was called: its effects on others happen that often, unless it prevents it. */
    public int handlerStarts() {
        return handlerStarts;
    }

    /** How often a worker received a message of the step: once for each attempt, if nothing goes wrong. */
    public int deliveries() {
        return deliveries;
    }

    /** @throws AssertionError if the step ended otherwise */
    public StepOutcome assertSucceeded() {
        return assertState("SUCCEEDED");
    }

    /** @throws AssertionError if the step ended otherwise */
    public StepOutcome assertFailed() {
        return assertState("FAILED");
    }

    /** @throws AssertionError if the step ended otherwise */
    public StepOutcome assertDead() {
        return assertState("DEAD");
    }

    /** @throws AssertionError if the step ended otherwise */
    public StepOutcome assertCancelled() {
        return assertState("CANCELLED");
    }

    private StepOutcome assertState(String expected) {
        if (!state.equals(expected)) {
            throw new AssertionError("The step is " + state + ", and not " + expected + ".\n" + this);
        }
        return this;
    }

    @Override
    public String toString() {
        StringBuilder text = new StringBuilder(state);
        text.append(String.format(Locale.ROOT, " after %.1f s by the step's clock", took.toMillis() / 1000.0));
        text.append(error.isEmpty() ? "" : ": " + error);
        for (AttemptOutcome attempt : attempts) {
            text.append("\n  attempt ").append(attempt.number());
            if (attempt.failure() != null) {
                text.append(": ").append(attempt.failure()).append(": ").append(attempt.message());
            }
            attempt.progress()
                    .forEach(made -> text.append("\n    progress ")
                            .append(made.fraction())
                            .append(' ')
                            .append(made.note()));
            attempt.output().forEach(line -> text.append("\n    | ").append(line));
        }
        return text.append(result == null ? "" : "\n  result " + result).toString();
    }
}
