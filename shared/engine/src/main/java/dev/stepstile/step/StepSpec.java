package dev.stepstile.step;

import java.time.Instant;
import java.util.SortedMap;
import org.jspecify.annotations.Nullable;

/**
 * One entry of a manifest, and the content of a message: a step that must run, with its input.
 *
 * @param validUntil beyond it a step without a record is not started: its record may have been deleted by age
 */
public record StepSpec(
        StepId id,
        int shard,
        StepSettings settings,
        Payload input,
        SortedMap<String, Payload> sharedInputs,
        StepTags tags,
        Instant validUntil) {

    /**
     * The step as its record has it, if that is one of this dispatch: a redrive may have changed its settings and its
     * input.
     */
    public StepSpec as(@Nullable StepRecord record) {
        if (record == null || !record.settings().dispatchId().equals(settings.dispatchId())) {
            return this;
        }
        Payload given = record.settings().input();
        return new StepSpec(
                id, shard, record.settings(), given == null ? input : given, sharedInputs, tags, validUntil);
    }
}
