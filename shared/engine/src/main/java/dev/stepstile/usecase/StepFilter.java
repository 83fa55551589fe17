package dev.stepstile.usecase;

import dev.stepstile.step.StepError;
import dev.stepstile.step.StepError.Kind;
import dev.stepstile.step.StepState;
import java.time.Instant;
import java.util.Collections;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * Selects steps of a run; whatever is null or empty selects all. A pure function of a step and its tags.
 *
 * @param states one of these; empty: any
 * @param handler of the step's record, which a redrive may have changed; before the first claim, of its manifest
 * @param kind of the step's failure, see {@link RunQueries.Step#failure}
 * @param prefix with which the step's key begins
 * @param span when the step was dispatched, claimed or ended, see {@link RunQueries.Step#since}
 * @param failure the id of the {@link FailureGroup} of the step's failure
 */
public record StepFilter(
        SortedSet<StepState.Name> states,
        @Nullable String handler,
        @Nullable Kind kind,
        @Nullable String prefix,
        @Nullable Tag tag,
        Span span,
        @Nullable String failure) {
    /** Every step. */
    public static final StepFilter ALL = ofStates(Collections.emptySortedSet());

    /** A tag that the step has, its own or that of its dispatch's {@code defaults}. */
    public record Tag(String name, String value) {}

    /**
     * From {@code since} on, and before {@code until}; null: no limit.
     */
    public record Span(@Nullable Instant since, @Nullable Instant until) {
        public static final Span ANY = new Span(null, null);

        public boolean includes(Instant at) {
            return (since == null || !at.isBefore(since)) && (until == null || at.isBefore(until));
        }
    }

    public StepFilter {
        states = Collections.unmodifiableSortedSet(new TreeSet<>(states));
    }

    /** The steps in one of these states; all if there are none. */
    public static StepFilter ofStates(SortedSet<StepState.Name> states) {
        return new StepFilter(states, null, null, null, null, Span.ANY, null);
    }

    /** The same with other states. */
    public StepFilter withStates(SortedSet<StepState.Name> others) {
        return new StepFilter(others, handler, kind, prefix, tag, span, failure);
    }

    /** Whether a step in this state can be among them. */
    public boolean allows(StepState.Name state) {
        return states.isEmpty() || states.contains(state);
    }

    /** Whether a step of this key can be among them. */
    public boolean allowsKey(String stepKey) {
        return prefix == null || stepKey.startsWith(prefix);
    }

    /** Whether a step of these tags can be among them. */
    public boolean allowsTags(SortedMap<String, String> tags) {
        return tag == null || tag.value().equals(tags.get(tag.name()));
    }

    /** Whether only the record of a step says that it is selected, and not its manifest alone. */
    boolean readsRecords() {
        return !states.isEmpty() || handler != null || kind != null || !span.equals(Span.ANY) || failure != null;
    }

    /** @param tags those of the step, with those of its dispatch */
    public boolean selects(RunQueries.Step step, SortedMap<String, String> tags) {
        return allowsKey(step.spec().id().stepKey())
                && allowsTags(tags)
                && allows(step.state())
                && (handler == null || handler.equals(step.handler()))
                && span.includes(step.since())
                && hasFailure(step);
    }

    private boolean hasFailure(RunQueries.Step step) {
        if (kind == null && failure == null) {
            return true;
        }
        StepError error = step.failure();
        return error != null
                && (kind == null || error.kind() == kind)
                && (failure == null
                        || FailureGroup.of(step.handler(), error).id().equals(failure));
    }
}
