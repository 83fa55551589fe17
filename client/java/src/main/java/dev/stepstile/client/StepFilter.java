package dev.stepstile.client;

import java.time.Instant;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Which steps of a run are meant: those that fit all that is named. Made of {@link #ALL}:
 * {@code StepFilter.ALL.withHandler("payments.charge").withKind("TIMEOUT")}.
 *
 * @param states one of these; empty for any
 * @param handler null for any
 * @param kind of the error by which they are FAILED or DEAD, or after which they are RETRYING, as {@code TIMEOUT}; null for any
 * @param prefix with which their keys begin, byte by byte: 1 to 512 bytes of UTF-8; null for any
 * @param tag their own or that of their dispatch's defaults; null for any
 * @param span in which they ended; of a running step, in which it was claimed, and of others, since when they are queued
 * @param failure the id of the {@link FailureGroup} of their failure; null for any
 */
public record StepFilter(
        Set<StepStatus> states,
        @Nullable String handler,
        @Nullable String kind,
        @Nullable String prefix,
        @Nullable Tag tag,
        TimeSpan span,
        @Nullable String failure) {
    /** Every step. */
    public static final StepFilter ALL = new StepFilter(Set.of(), null, null, null, null, TimeSpan.ANY, null);

    /** A tag; name and value have at most 200 characters each. */
    public record Tag(String name, String value) {}

    /**
     * Keeps a copy of the states.
     *
     * @throws IllegalArgumentException if a limit is exceeded
     */
    public StepFilter {
        states = Set.copyOf(Checked.states(states));
        if (handler != null) {
            Checked.name("handler", handler);
        }
        Checked.prefix(prefix);
        Checked.tag(tag);
        Checked.failure(failure);
    }

    /** The steps in one of these states. */
    public static StepFilter ofStates(StepStatus... states) {
        return ALL.withStates(Set.copyOf(List.of(states)));
    }

    /** The same in these states alone; in any, if there are none. */
    public StepFilter withStates(Set<StepStatus> other) {
        return new StepFilter(other, handler, kind, prefix, tag, span, failure);
    }

    /** The same of one handler alone. */
    public StepFilter withHandler(String other) {
        return new StepFilter(states, other, kind, prefix, tag, span, failure);
    }

    /** The same of one kind of error alone; the API refuses one that it does not know ({@code bad-kind}). */
    public StepFilter withKind(String other) {
        return new StepFilter(states, handler, other, prefix, tag, span, failure);
    }

    /** The same of keys that begin so. */
    public StepFilter withPrefix(String other) {
        return new StepFilter(states, handler, kind, other, tag, span, failure);
    }

    /** The same with this tag. */
    public StepFilter withTag(String name, String value) {
        return new StepFilter(states, handler, kind, prefix, new Tag(name, value), span, failure);
    }

    /** The same from then on. */
    public StepFilter withSince(Instant since) {
        return new StepFilter(states, handler, kind, prefix, tag, new TimeSpan(since, span.until()), failure);
    }

    /** The same before then. */
    public StepFilter withUntil(Instant until) {
        return new StepFilter(states, handler, kind, prefix, tag, new TimeSpan(span.since(), until), failure);
    }

    /** The same of one group of failures alone, by its id. */
    public StepFilter withFailure(String other) {
        return new StepFilter(states, handler, kind, prefix, tag, span, other);
    }
}
