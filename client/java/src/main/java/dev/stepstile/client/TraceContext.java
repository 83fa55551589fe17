package dev.stepstile.client;

import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The W3C Trace Context that the attempts of a dispatch continue. Of OpenTelemetry nothing is needed: its
 * {@code W3CTraceContextPropagator} writes both members, under their names.
 *
 * <p>A trace never fails a call: what is malformed is ignored, here or by Stepstile.
 *
 * @param traceparent as {@code 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01}
 * @param tracestate what tracing systems add to it; null: nothing. Over 512 characters it is dropped
 */
public record TraceContext(String traceparent, @Nullable String tracestate) {
    private static final Pattern SENDABLE = Pattern.compile("[!-~]([ -~]{0,510}[!-~])?");
    private static final int SPAN_ID_DIGITS = 16;

    /** No trace. */
    public static final TraceContext NONE = new TraceContext("", null);

    /** A context without a {@code tracestate}. */
    public static TraceContext of(String traceparent) {
        return new TraceContext(traceparent, null);
    }

    /**
     * That of a carrier which a propagator has filled, or of an environment: the members {@code traceparent} and
     * {@code tracestate} in any case, so {@code TRACEPARENT} too. {@link #NONE} if there is no {@code traceparent}.
     */
    public static TraceContext in(Map<String, String> carrier) {
        Map<String, String> members = new TreeMap<>(String.CASE_INSENSITIVE_ORDER);
        members.putAll(carrier);
        return new TraceContext(members.getOrDefault("traceparent", ""), members.get("tracestate"));
    }

    /**
     * The id of an attempt's span, 16 hex digits: known without a read, and the same whoever reports the span. Its trace is
     * that of the dispatch, so that a span of your own can link to it.
     */
    public static String attemptSpanId(String runId, String key, int attempt) {
        String digest = RequestWriter.sha256((runId + "/" + key + "/" + attempt).getBytes(StandardCharsets.UTF_8));
        String first = digest.substring(0, SPAN_ID_DIGITS);
        return first.equals("0".repeat(SPAN_ID_DIGITS)) ? digest.substring(SPAN_ID_DIGITS, 2 * SPAN_ID_DIGITS) : first;
    }

    /** What is sent: nothing of what a header cannot have. */
    Map<String, String> headers() {
        if (!SENDABLE.matcher(traceparent).matches()) {
            return Map.of();
        }
        return tracestate == null || !SENDABLE.matcher(tracestate).matches()
                ? Map.of("traceparent", traceparent)
                : Map.of("traceparent", traceparent, "tracestate", tracestate);
    }
}
