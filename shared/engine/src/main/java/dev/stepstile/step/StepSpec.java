package dev.stepstile.step;

import java.time.Instant;
import java.util.SortedMap;
import org.jspecify.annotations.Nullable;

/**
 * One entry of a manifest, and the content of a message: a step that must run, with its input.
 */
public record StepSpec(
        StepId id,
        int shard,
        StepSettings settings,
        Payload input,
        SortedMap<String, Payload> sharedInputs,
        StepTags tags,
        Queueing queueing) {

    /**
     * How its message is queued.
     *
     * @param tenant the group of its messages, between which a fair queue shares the workers; the run, unless its dispatch
     *     names another
     * @param validUntil beyond it a step without a record is not started: its record may have been deleted by age
     * @param tracestate what the systems of its caller's trace pass on to each other; null if nothing
     */
    public record Queueing(
            String tenant, Instant validUntil, @Nullable String tracestate) {
        /** With nothing to pass on. */
        public Queueing(String tenant, Instant validUntil) {
            this(tenant, validUntil, null);
        }
    }

    /** The run is its tenant. */
    public StepSpec(
            StepId id,
            int shard,
            StepSettings settings,
            Payload input,
            SortedMap<String, Payload> sharedInputs,
            StepTags tags,
            Instant validUntil) {
        this(id, shard, settings, input, sharedInputs, tags, new Queueing(id.runId(), validUntil));
    }

    public String tenant() {
        return queueing.tenant();
    }

    /** What its handler is told of its trace, besides the span; null if nothing. */
    public @Nullable String tracestate() {
        return queueing.tracestate();
    }

    public Instant validUntil() {
        return queueing.validUntil();
    }

    /** Its settings as a record has them: of a trace that is kept, with what the spans say of its tags. */
    StepSettings recorded() {
        TraceParent trace = settings.trace();
        return trace == null || !trace.sampled() ? settings : settings.withSpanTags(tags.ofSpans());
    }

    /**
     * The step as its record has it, if that is one of this dispatch: a redrive may have changed its settings and its
     * input.
     */
    public StepSpec as(@Nullable StepRecord record) {
        if (record == null || !record.settings().dispatchId().equals(settings.dispatchId())) {
            return this;
        }
        Payload given = record.settings().input();
        return new StepSpec(id, shard, record.settings(), given == null ? input : given, sharedInputs, tags, queueing);
    }
}
