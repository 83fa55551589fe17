package dev.stepstile.client;

import java.util.List;
import java.util.Map;

/**
 * What a redrive or a purge of dead letters would do.
 *
 * @param counts letters by the state of their steps, {@code GONE} where the table has none, {@code UNRECOGNISED}
 * @param examples at most ten, as {@code runId/key} or a message's id
 * @param leftCount letters that were selected and would stay
 * @param complete whether the whole queue was looked through
 */
public record DeadLetterPlan(Map<String, Integer> counts, List<String> examples, int leftCount, boolean complete) {
    /** Keeps copies. */
    public DeadLetterPlan {
        counts = Map.copyOf(counts);
        examples = List.copyOf(examples);
    }
}
