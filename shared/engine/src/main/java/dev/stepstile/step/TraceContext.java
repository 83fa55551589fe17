package dev.stepstile.step;

import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The trace that a call belongs to, by the headers of W3C Trace Context.
 *
 * @param state the header {@code tracestate}, which is passed on unchanged; null: none
 */
public record TraceContext(TraceParent parent, @Nullable String state) {
    /** As many characters as the recommendation asks everyone to pass on; it travels with each message. */
    public static final int STATE_LENGTH = 512;

    private static final Pattern STATE = Pattern.compile("[\\x20-\\x7e]{1," + STATE_LENGTH + "}");

    /** Null if the first header is missing or malformed: then the second one says nothing. */
    public static @Nullable TraceContext read(@Nullable String traceparent, @Nullable String tracestate) {
        TraceParent parent = TraceParent.read(traceparent);
        return parent == null ? null : new TraceContext(parent, state(tracestate));
    }

    /** Null if it is missing, too long or not printable: it is dropped as a whole. */
    public static @Nullable String state(@Nullable String tracestate) {
        return tracestate != null && STATE.matcher(tracestate).matches() ? tracestate : null;
    }
}
