package dev.stepstile.step;

import java.time.Duration;
import java.util.SortedMap;
import org.jspecify.annotations.Nullable;

/**
 * What the first claim fixes for a step: whose manifest it comes from, its handler, its retry policy, its timeout and when
 * it may run. Another dispatch that names the same key attaches to it. Only a redrive changes what is after the origin, by
 * its {@link StepOverrides}.
 *
 * @param input what a redrive gave the step in place of its manifest's input; null: the manifest's
 */
public record StepSettings(
        Origin origin,
        String handler,
        RetryPolicy retry,
        Duration timeout,
        @Nullable Payload input,
        Window window) {

    /** Of no trace. */
    public StepSettings(
            String dispatchId,
            int index,
            String handler,
            RetryPolicy retry,
            Duration timeout,
            @Nullable Payload input,
            Window window) {
        this(new Origin(dispatchId, index), handler, retry, timeout, input, window);
    }

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

    public String dispatchId() {
        return origin.dispatchId();
    }

    /** The place in the manifest. */
    public int index() {
        return origin.index();
    }

    /** The trace of whoever dispatched the step; null if it is of none. */
    public @Nullable TraceParent trace() {
        return origin.trace();
    }

    /** The same in a trace. */
    public StepSettings in(@Nullable TraceParent trace) {
        return from(new Origin(origin.dispatchId(), origin.index(), trace, origin.spanTags()));
    }

    /** The same, whose spans say this of its tags. */
    public StepSettings withSpanTags(SortedMap<String, String> spanTags) {
        return from(new Origin(origin.dispatchId(), origin.index(), origin.trace(), spanTags));
    }

    private StepSettings from(Origin other) {
        return new StepSettings(other, handler, retry, timeout, input, window);
    }
}
