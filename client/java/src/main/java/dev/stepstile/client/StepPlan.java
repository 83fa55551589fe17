package dev.stepstile.client;

import java.util.Collections;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/**
 * What a cancel or a redrive would do: nothing was changed.
 *
 * @param counts of the steps that it would be about, by their states now
 * @param examples the keys of at most ten
 * @param unknownKeys those of the call that no step of the run has, the first hundred
 * @param complete whether all were looked at before the time of the call was over
 */
public record StepPlan(
        Map<StepStatus, Integer> counts, List<String> examples, List<String> unknownKeys, boolean complete) {
    /** Keeps copies. */
    public StepPlan {
        EnumMap<StepStatus, Integer> copy = new EnumMap<>(StepStatus.class);
        copy.putAll(counts);
        counts = Collections.unmodifiableMap(copy);
        examples = List.copyOf(examples);
        unknownKeys = List.copyOf(unknownKeys);
    }

    /** How many steps it would be about. */
    public int count() {
        return counts.values().stream().mapToInt(Integer::intValue).sum();
    }
}
