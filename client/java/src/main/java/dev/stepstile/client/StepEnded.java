package dev.stepstile.client;

import java.util.List;
import java.util.Optional;

/**
 * A step's end, reported once.
 *
 * @param attempt the one that ended it; 0 if the step was cancelled before its first
 * @param state how it ended; a result is always a {@link StepResult.Value} here
 * @param attempts what became of the last ten attempts that did not succeed, oldest first
 */
public record StepEnded(String key, int attempt, StepState.Ended state, List<Attempt> attempts) implements RunEvent {
    /** Keeps a copy of the attempts. */
    public StepEnded {
        attempts = List.copyOf(attempts);
    }

    /** What the handler returned; empty if the step did not succeed. */
    public Optional<JsonValue> result() {
        return state instanceof StepState.Succeeded(var _, StepResult.Value(JsonValue json))
                ? Optional.of(json)
                : Optional.empty();
    }

    /**
     * What the handler returned.
     *
     * @throws StepFailedException if the step did not succeed
     */
    public JsonValue resultOrThrow() {
        return result().orElseThrow(() -> new StepFailedException(this));
    }
}
