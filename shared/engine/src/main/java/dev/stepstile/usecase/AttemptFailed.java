package dev.stepstile.usecase;

import dev.stepstile.step.StepError;
import dev.stepstile.step.StepEvent;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** An attempt's work did not end in a result: what that means for the step, and when to try again if its handler said. */
public final class AttemptFailed extends Exception {
    private final StepEvent.Weight weight;
    private final StepError error;
    private final @Nullable Duration retryIn;

    public AttemptFailed(StepEvent.Weight weight, StepError.Kind kind, String message) {
        this(weight, kind, message, null);
    }

    AttemptFailed(StepEvent.Weight weight, StepError.Kind kind, String message, @Nullable Duration retryIn) {
        super(message);
        this.weight = weight;
        this.error = new StepError(kind, message);
        this.retryIn = retryIn;
    }

    public StepEvent.Weight weight() {
        return weight;
    }

    public StepError error() {
        return error;
    }

    @Nullable
    Duration retryIn() {
        return retryIn;
    }
}
