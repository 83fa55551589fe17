package dev.stepstile.step;

import java.time.Instant;
import java.util.SortedMap;

/**
 * One entry of a manifest, and what a message says: a step that must happen, with its input.
 *
 * @param validUntil beyond it a step without a record is not started: its record may have been deleted by age
 */
public record StepSpec(
        StepId id,
        int shard,
        Pinned pinned,
        Payload input,
        SortedMap<String, Payload> sharedInputs,
        SortedMap<String, String> tags,
        Instant validUntil) {}
