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
     * @param tags of the step, as far as its record has them
     */
    public record Processed(
            StepId step,
            int attempt,
            String dispatchId,
            String handler,
            StepError.@Nullable Kind error,
            SortedMap<String, String> tags)
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

    /**
     * Where a step is in its trace, whether its spans are kept or not: at its newest attempt, or at its dispatch before the
     * first one; null if it is in no trace.
     */
    public static @Nullable TraceParent contextOf(StepRecord record) {
        TraceParent trace = record.settings().trace();
        if (trace == null) {
            return null;
        }
        return record.attempt() > 0 ? trace.ofAttempt(record.id(), record.attempt()) : dispatchOf(record, trace);
    }

    /** Of the newest attempt; empty if it has not ended, was never claimed, or is in no trace that is kept. */
    public static Optional<Span> ofNewest(StepRecord record) {
        TraceParent trace = kept(record);
        if (trace == null) {
            return Optional.empty();
        }
        return record.history().stream()
                .filter(note -> isEnd(note) && note.attempt() == record.attempt())
                .findFirst()
                .map(note -> of(record, trace, note))
                .or(() -> ofSuccess(record, trace));
    }

    /** Of all attempts that have ended, as far as the record remembers them, oldest first. */
    public static List<Span> ofAttempts(StepRecord record) {
        TraceParent trace = kept(record);
        if (trace == null) {
            return List.of();
        }
        List<Span> spans = new ArrayList<>();
        record.history().stream().filter(Span::isEnd).forEach(note -> spans.add(of(record, trace, note)));
        ofSuccess(record, trace).ifPresent(spans::add);
        return spans;
    }

    /** The trace of its caller; null if there is none whose spans are kept. */
    private static @Nullable TraceParent kept(StepRecord record) {
        TraceParent trace = record.settings().trace();
        return trace != null && trace.sampled() ? trace : null;
    }

    /** Whether it notes that an attempt ended: others note a redrive, or the end of a step that was never claimed. */
    private static boolean isEnd(FailedAttempt note) {
        return note.cause() != StepError.Kind.REDRIVEN && note.attempt() > 0;
    }

    private static Span of(StepRecord record, TraceParent trace, FailedAttempt note) {
        return of(record, trace, note.attempt(), note.cause(), note.startedAt(), note.endedAt());
    }

    private static Optional<Span> ofSuccess(StepRecord record, TraceParent trace) {
        Instant claimed = record.attempts().newest().startedAt();
        return record.state() instanceof StepState.Succeeded succeeded && claimed != null
                ? Optional.of(of(record, trace, record.attempt(), null, claimed, succeeded.finishedAt()))
                : Optional.empty();
    }

    private static TraceParent dispatchOf(StepRecord record, TraceParent trace) {
        return trace.ofDispatch(
                new DispatchId(record.id().runId(), record.settings().dispatchId()));
    }

    private static Span of(
            StepRecord record,
            TraceParent trace,
            int attempt,
            StepError.@Nullable Kind error,
            Instant from,
            Instant to) {
        StepSettings settings = record.settings();
        return new Span(
                trace.ofAttempt(record.id(), attempt),
                dispatchOf(record, trace).spanId(),
                new Processed(
                        record.id(),
                        attempt,
                        settings.dispatchId(),
                        settings.handler(),
                        error,
                        settings.origin().spanTags()),
                from,
                to.isBefore(from) ? from : to); // by other clocks
    }
}
