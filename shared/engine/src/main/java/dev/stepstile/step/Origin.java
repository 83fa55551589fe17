package dev.stepstile.step;

import org.jspecify.annotations.Nullable;

/**
 * Where a step comes from: its place in a dispatch, and the trace of its caller. The first claim fixes it for good.
 *
 * @param trace the span of whoever called; of a trace that began with the dispatch, the dispatch's own; null: of no trace
 */
public record Origin(String dispatchId, int index, @Nullable TraceParent trace) {

    /** Of no trace. */
    public Origin(String dispatchId, int index) {
        this(dispatchId, index, null);
    }
}
