package dev.stepstile.step;

import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import org.jspecify.annotations.Nullable;

/**
 * What a trace shows of a dispatch or of an attempt. It is made of what is stored alone: whoever tells it, and however
 * often, it is the same span. It has no input, result or message of an error.
 *
 * @param context its own place in the trace
 * @param parentId the span under which it hangs; null: it begins the trace
 */
public record Span(
        TraceParent context, @Nullable String parentId, Content content, Instant startedAt, Instant endedAt) {

    /** What it is about. */
    public sealed interface Content {}

    /**
     * Steps were dispatched.
     *
     * @param tags of all its steps
     */
    public record Sent(DispatchId dispatch, int steps, SortedMap<String, String> tags) implements Content {}

    /**
     * An attempt of a step has ended.
     *
     * @param dispatchId of the dispatch that drives the step
     * @param error how it failed; null: it succeeded
     */
    public record Processed(StepId step, int attempt, String dispatchId, String handler, StepError.@Nullable Kind error)
            implements Content {}

    /** Of a dispatch whose steps have this origin; empty if they are in no trace that is kept. */
    public static Optional<Span> of(
            DispatchId dispatch, @Nullable TraceParent origin, Sent content, Instant startedAt, Instant endedAt) {
        if (origin == null || !origin.sampled()) {
            return Optional.empty();
        }
        TraceParent own = origin.ofDispatch(dispatch);
        String parent = own.equals(origin) ? null : origin.spanId();
        return Optional.of(new Span(own, parent, content, startedAt, endedAt));
    }

    /** Of the newest attempt; empty if it has not ended, was never claimed, or is in no trace that is kept. */
    public static Optional<Span> ofNewest(StepRecord record) {
        return ofAttempts(record).stream()
                .filter(span ->
                        span.content() instanceof Processed processed && processed.attempt() == record.attempt())
                .findFirst();
    }

    /** Of all attempts that have ended, as far as the record remembers them, oldest first. */
    public static List<Span> ofAttempts(StepRecord record) {
        TraceParent trace = record.settings().trace();
        if (trace == null || !trace.sampled()) {
            return List.of();
        }
        List<Span> spans = new ArrayList<>();
        for (FailedAttempt note : record.history()) {
            if (note.cause() != StepError.Kind.REDRIVEN && note.attempt() > 0) {
                spans.add(of(record, trace, note.attempt(), note.cause(), note.startedAt(), note.endedAt()));
            }
        }
        Instant claimed = record.attempts().newest().startedAt();
        if (record.state() instanceof StepState.Succeeded succeeded && claimed != null) {
            spans.add(of(record, trace, record.attempt(), null, claimed, succeeded.finishedAt()));
        }
        return spans;
    }

    private static Span of(
            StepRecord record,
            TraceParent trace,
            int attempt,
            StepError.@Nullable Kind error,
            Instant from,
            Instant to) {
        StepSettings settings = record.settings();
        TraceParent dispatch = trace.ofDispatch(new DispatchId(record.id().runId(), settings.dispatchId()));
        return new Span(
                trace.ofAttempt(record.id(), attempt),
                dispatch.spanId(),
                new Processed(record.id(), attempt, settings.dispatchId(), settings.handler(), error),
                from,
                to.isBefore(from) ? from : to); // by other clocks
    }
}
