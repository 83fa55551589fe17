package dev.stepstile.client;

import java.util.List;
import java.util.Map;

/**
 * What a redrive or a purge of dead letters would do.
 *
 * @param counts letters whose steps would be redriven, or that would be purged, by the state of their steps: {@code GONE}
 *     where the table has none, {@code UNRECOGNISED}
 * @param examples at most ten, as {@code runId/key} or a message's id
 * @param deletedCount letters that would be deleted; by a redrive, also those of steps that need none. An API of a version
 *     that did not say so yet: the sum of the counts
 * @param leftCount letters that were selected and would stay
 * @param complete whether the whole queue was looked through
 */
public record DeadLetterPlan(
        Map<String, Integer> counts, List<String> examples, int deletedCount, int leftCount, boolean complete) {
    /** Keeps copies. */
    public DeadLetterPlan {
        counts = Map.copyOf(counts);
        examples = List.copyOf(examples);
    }
}
