package dev.stepstile.step;

import java.util.Collections;
import java.util.SortedMap;
import org.jspecify.annotations.Nullable;

/**
 * Where a step comes from: its place in a dispatch, and the trace of its caller. The first claim fixes it for good.
 *
 * @param trace the span of whoever called; of a trace that began with the dispatch, the dispatch's own; null: of no trace
 * @param spanTags what the spans of its attempts say of its tags; only a record has them, and only of a trace that is kept
 */
public record Origin(String dispatchId, int index, @Nullable TraceParent trace, SortedMap<String, String> spanTags) {

    /** Whose spans say nothing of its tags. */
    public Origin(String dispatchId, int index, @Nullable TraceParent trace) {
        this(dispatchId, index, trace, Collections.emptySortedMap());
    }

    /** Of no trace. */
    public Origin(String dispatchId, int index) {
        this(dispatchId, index, null);
    }
}
