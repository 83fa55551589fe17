package dev.stepstile.step;

import java.time.Instant;
import java.util.HexFormat;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A span of a trace, as the header {@code traceparent} of W3C Trace Context names it.
 *
 * @param traceId 32 lower-case hexadecimal digits, not all zero
 * @param spanId 16 of them, not all zero
 * @param flags of those that are known, {@link #SAMPLED} and the one for random trace ids
 */
public record TraceParent(String traceId, String spanId, int flags) {
    public static final int SAMPLED = 1;

    private static final int KNOWN_FLAGS = 3;
    private static final String NO_TRACE = "0".repeat(32);
    private static final String NO_SPAN = "0".repeat(16);

    /** Of a version after 00, what follows the flags is left out, as the recommendation asks. */
    private static final Pattern FORM =
            Pattern.compile("(?!ff)([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?");

    /** Null if the text is none: then it is as if there were no header, which is never an error. */
    public static @Nullable TraceParent read(@Nullable String text) {
        Matcher form = FORM.matcher(text == null ? "" : text);
        if (!form.matches()
                || (form.group(1).equals("00") && form.group(5) != null)
                || form.group(2).equals(NO_TRACE)
                || form.group(3).equals(NO_SPAN)) {
            return null;
        }
        return new TraceParent(form.group(2), form.group(3), HexFormat.fromHexDigits(form.group(4)) & KNOWN_FLAGS);
    }

    /** The header's value, of version 00. */
    public String text() {
        return "00-" + traceId + "-" + spanId + "-0" + flags;
    }

    /** Whether the spans of the trace are to be kept. */
    public boolean sampled() {
        return (flags & SAMPLED) != 0;
    }

    /** Another span of the trace. */
    public TraceParent withSpan(String other) {
        return new TraceParent(traceId, other, flags);
    }

    /** The context of an attempt in this trace. Whoever knows the attempt knows its span, without a read. */
    public TraceParent ofAttempt(StepId step, int attempt) {
        return withSpan(spanId(step + "/" + attempt));
    }

    /** The context of a dispatch in this trace. */
    public TraceParent ofDispatch(DispatchId dispatch) {
        return withSpan(spanId(dispatch.runId() + "/" + dispatch.dispatchId()));
    }

    /** The context of a dispatch that begins a trace, of which the steps' {@link Origin} has no other span. */
    public static TraceParent rootOf(DispatchId dispatch, Instant at) {
        String name = dispatch.runId() + "/" + dispatch.dispatchId() + "/" + at;
        return new TraceParent(Sha256.hex(name).substring(0, 32), NO_SPAN, SAMPLED).ofDispatch(dispatch);
    }

    private static String spanId(String name) {
        String digest = Sha256.hex(name);
        String first = digest.substring(0, 16);
        return first.equals(NO_SPAN) ? digest.substring(16, 32) : first;
    }
}
