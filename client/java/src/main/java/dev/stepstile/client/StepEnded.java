package dev.stepstile.client;

import java.util.List;

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
}
