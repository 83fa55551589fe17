package dev.stepstile.cli.results;

import dev.stepstile.client.JsonValue;
import dev.stepstile.client.StepDamaged;
import dev.stepstile.client.StepEnded;
import dev.stepstile.client.StepError;
import dev.stepstile.client.StepResult;
import dev.stepstile.client.StepState;
import dev.stepstile.client.StepStatus;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * How a step ended, as a file has it.
 *
 * @param row of the input, if it is known; the first is 1
 * @param attempt that ended the step; 0 if it was cancelled before its first
 * @param finishedAt null if the step's record is damaged
 */
public record Result(
        String runId,
        String key,
        @Nullable Integer row,
        StepStatus state,
        int attempt,
        @Nullable Instant finishedAt,
        Outcome outcome) {
    /** What became of it: a result, an error, or neither. */
    public record Outcome(
            @Nullable JsonValue result, @Nullable StepError error) {
        static final Outcome NONE = new Outcome(null, null);
    }

    /** Of an end that a follower reports, with its result. */
    public static Result of(String runId, @Nullable Integer row, StepEnded end) {
        return of(runId, end.key(), row, end.attempt(), end.state());
    }

    /** Of a step whose record is damaged: nobody can tell how it ended. */
    public static Result of(String runId, @Nullable Integer row, StepDamaged step) {
        StepError damage = new StepError("DAMAGED_RECORD", step.damage());
        return new Result(runId, step.key(), row, StepStatus.UNKNOWN, step.attempt(), null, new Outcome(null, damage));
    }

    private static Result of(String runId, String key, @Nullable Integer row, int attempt, StepState.Ended state) {
        Outcome outcome = switch (state) {
            case StepState.Succeeded(Instant _, StepResult.Value(JsonValue json)) -> new Outcome(json, null);
            case StepState.Succeeded _ -> throw new IllegalArgumentException("the result is not here");
            case StepState.Failed(Instant _, StepError error) -> new Outcome(null, error);
            case StepState.Dead(Instant _, StepError error, Instant _) -> new Outcome(null, error);
            case StepState.Cancelled _ -> Outcome.NONE;
        };
        return new Result(runId, key, row, state.status(), attempt, state.finishedAt(), outcome);
    }
}
