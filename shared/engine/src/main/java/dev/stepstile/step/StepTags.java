package dev.stepstile.step;

import java.util.Collections;
import java.util.SortedMap;
import org.jspecify.annotations.Nullable;

/**
 * The tags of a step.
 *
 * @param own those of the step, less those of {@code common}
 * @param common an object of strings that all steps of the dispatch share, where those are too long to travel with each;
 *     a tag of the step itself wins
 */
public record StepTags(
        SortedMap<String, String> own, @Nullable Payload common) {
    public static final StepTags NONE = new StepTags(Collections.emptySortedMap(), null);
}
