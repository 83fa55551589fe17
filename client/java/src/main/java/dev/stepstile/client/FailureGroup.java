package dev.stepstile.client;

import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/**
 * Failures of a run that have their kind, their handler and their normalised message in common.
 *
 * @param failure the group's id, the same in each run; {@link StepFilter#withFailure} selects its steps
 * @param handler of the steps
 * @param error its kind and its normalised message, of at most 200 characters, in which what differs is {@code …}
 * @param states how many of the steps are in each, without zeros
 * @param firstAt when the first of them failed
 * @param lastAt when the last of them failed
 * @param examples at most three
 */
public record FailureGroup(
        String failure,
        String handler,
        StepError error,
        Map<StepStatus, Integer> states,
        Instant firstAt,
        Instant lastAt,
        List<Example> examples) {
    private static final int EXAMPLES = 3;

    /**
     * A step of the group.
     *
     * @param attempt the newest one
     * @param message of its failure, as it is
     */
    public record Example(String key, int attempt, String message) {}

    /** Keeps copies. */
    public FailureGroup {
        EnumMap<StepStatus, Integer> copy = new EnumMap<>(StepStatus.class);
        copy.putAll(states);
        states = Collections.unmodifiableMap(copy);
        examples = List.copyOf(examples);
    }

    /** How many steps failed so. */
    public int count() {
        return states.values().stream().mapToInt(Integer::intValue).sum();
    }

    /** The same group, with what another page counts of it. */
    FailureGroup plus(FailureGroup other) {
        Map<StepStatus, Integer> sums = new EnumMap<>(StepStatus.class);
        sums.putAll(states);
        other.states.forEach((state, count) -> sums.merge(state, count, Integer::sum));
        List<Example> both = new ArrayList<>(examples);
        both.addAll(other.examples);
        return new FailureGroup(
                failure,
                handler,
                error,
                sums,
                other.firstAt.isBefore(firstAt) ? other.firstAt : firstAt,
                other.lastAt.isAfter(lastAt) ? other.lastAt : lastAt,
                both.subList(0, Math.min(EXAMPLES, both.size())));
    }
}
