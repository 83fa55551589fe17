package dev.stepstile.step;

import java.nio.charset.StandardCharsets;
import java.util.Collections;
import java.util.SortedMap;
import java.util.TreeMap;
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

    /** As much of them is in the record of a step whose trace is kept: a quarter of a unit that a write costs. */
    public static final int SPAN_BYTES = 256;

    /** Those of its own that the spans of its attempts have: in the order of their names, each that still fits. */
    public SortedMap<String, String> ofSpans() {
        SortedMap<String, String> said = new TreeMap<>();
        int left = SPAN_BYTES;
        for (var tag : own.entrySet()) {
            int bytes = (tag.getKey() + tag.getValue()).getBytes(StandardCharsets.UTF_8).length;
            if (bytes <= left) {
                said.put(tag.getKey(), tag.getValue());
                left -= bytes;
            }
        }
        return said;
    }
}
