package dev.stepstile.step;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * What the first claim fixes for a step: whose manifest it comes from (dispatch and place in it), its handler, its retry
 * policy, its timeout and when it may run. Another dispatch that names the same key attaches to it. Only a redrive changes
 * what is after the place, by its {@link StepOverrides}.
 *
 * @param input what a redrive gave the step in place of its manifest's input; null: the manifest's
 */
public record StepSettings(
        String dispatchId,
        int index,
        String handler,
        RetryPolicy retry,
        Duration timeout,
        @Nullable Payload input,
        Window window) {

    /** Of a step that may run at any time. */
    public StepSettings(
            String dispatchId,
            int index,
            String handler,
            RetryPolicy retry,
            Duration timeout,
            @Nullable Payload input) {
        this(dispatchId, index, handler, retry, timeout, input, Window.ANY);
    }

    /** As a manifest has it. */
    public StepSettings(String dispatchId, int index, String handler, RetryPolicy retry, Duration timeout) {
        this(dispatchId, index, handler, retry, timeout, null);
    }
}
