package dev.stepstile.usecase;

import dev.stepstile.port.StepStore;
import dev.stepstile.step.Dispatch;
import dev.stepstile.step.Payload;
import dev.stepstile.step.StepBits;
import dev.stepstile.step.StepError;
import dev.stepstile.step.StepEvent;
import dev.stepstile.step.StepRecord;
import dev.stepstile.step.StepSpec;
import dev.stepstile.step.StepState;
import dev.stepstile.step.StepTags;
import java.time.Instant;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A dispatch whose manifest is gone cannot continue: the steps that it had started end DEAD, and then it is closed.
 * Steps that nobody had started are lost with the manifest, which the dead steps' errors and the log report.
 */
final class AbandonedDispatch {
    private static final Logger LOG = LoggerFactory.getLogger(AbandonedDispatch.class);
    private static final int PAGE = 200;

    private final StepStore store;
    private final StepRecorder recorder;
    private final DeadLetterer deadLetterer;
    private final Timing timing;
    private final EngineRuntime runtime;
    private final Traces traces;

    AbandonedDispatch(EngineParts parts) {
        this.store = parts.store();
        this.recorder = parts.recorder();
        this.deadLetterer = parts.deadLetterer();
        this.timing = parts.timing();
        this.runtime = parts.runtime();
        this.traces = parts.traces();
    }

    SweepReport end(Dispatch dispatch, Payloads.Missing missing, ClosingNotices notices) {
        LOG.error(
                "Dispatch {}/{}: its manifest is gone ({}); its unfinished steps end DEAD.",
                dispatch.runId(),
                dispatch.dispatchId(),
                missing.getMessage());
        StepError error = new StepError(StepError.Kind.PAYLOAD_MISSING, "Manifest: " + missing.getMessage());
        Instant now = runtime.now();
        SweepReport report = SweepReport.NOTHING;
        SortedMap<StepState.Name, Integer> counts = new TreeMap<>();
        for (int shard = 0; shard < dispatch.accepted().shards(); shard++) {
            String after = null;
            List<StepRecord> page;
            do {
                page = store.list(dispatch.runId(), shard, after, PAGE);
                for (StepRecord record : page) {
                    after = record.id().stepKey();
                    if (record.settings().dispatchId().equals(dispatch.dispatchId())) {
                        StepState.Name state = end(record, error);
                        counts.merge(state, 1, Integer::sum);
                        report = state == record.state().name() ? report : report.plus(SweepReport.DISCARDED);
                    }
                }
            } while (!page.isEmpty());
        }
        traces.flush();
        boolean close = !counts.containsKey(StepState.Name.RUNNING)
                && !now.isBefore(dispatch.schedule().keepOpenUntil());
        Dispatch swept = dispatch.swept(
                new Dispatch.Progress(StepBits.NONE, counts, new TreeMap<>(), now, Dispatch.Reading.UNREAD),
                false,
                now,
                close ? null : dispatch.schedule().nextAt());
        if (store.replace(swept) && close) {
            notices.take(swept);
            return report.plus(SweepReport.CLOSED);
        }
        return report;
    }

    private StepState.Name end(StepRecord record, StepError error) {
        StepSpec spec = new StepSpec(
                record.id(),
                record.shard(),
                record.settings(),
                Payload.NULL,
                new TreeMap<>(),
                StepTags.NONE,
                Instant.EPOCH);
        StepRecord current = after(record, new StepEvent.Expire(timing.margin()));
        current = after(current, new StepEvent.Discard(spec, error));
        if (current.state() instanceof StepState.Dead dead && dead.deadLetteredAt() == null) {
            deadLetterer.moveToDeadLetters(spec, current, dead);
        }
        return current.state().name();
    }

    private StepRecord after(StepRecord record, StepEvent event) {
        return recorder.apply(record.id(), record, event) instanceof StepRecorder.Recorded.Wrote(StepRecord written)
                ? written
                : record;
    }
}
