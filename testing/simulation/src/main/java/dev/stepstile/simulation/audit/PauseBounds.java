package dev.stepstile.simulation.audit;

import dev.stepstile.simulation.scheduler.SimulatedProcess;
import dev.stepstile.step.Dispatch;
import dev.stepstile.step.StepRecord;
import dev.stepstile.step.StepState;
import java.time.Duration;
import java.time.Instant;
import java.util.Collection;
import org.jspecify.annotations.Nullable;

/**
 * Nothing that a pause covers begins later than five seconds after its call was answered; and once a resume is answered,
 * whatever waits has a message again within two sweeps.
 */
final class PauseBounds implements Check {
    private static final Duration KNOWN_WITHIN = Duration.ofSeconds(5);

    /** From the look at the pauses to the claim. */
    private static final Duration CALLS = Duration.ofSeconds(1);

    private final Audit audit;

    PauseBounds(Audit audit) {
        this.audit = audit;
    }

    @Override
    public void recordWritten(StepLedger step, @Nullable StepRecord before, StepRecord after) {
        if (!Fences.claims(before, after)) {
            return;
        }
        String runId = after.id().runId();
        String handler = after.settings().handler();
        SimulatedProcess worker = audit.caller();
        for (PauseLedger.Span pause : audit.pauses().that(span -> span.lasts() && span.covers(runId, handler))) {
            long late = audit.millis() - pause.answeredAt;
            if (pause.answeredAt != Long.MAX_VALUE
                    && late > KNOWN_WITHIN.plus(CALLS).toMillis()
                    && worker.undisturbedSince(pause.answeredAt)) {
                audit.violated(
                        after.id(),
                        "it began " + Duration.ofMillis(late) + " after " + pause.scope.name() + " was paused");
            }
        }
    }

    @Override
    public void look(Collection<RunLedger> runs) {
        for (RunLedger run : runs) {
            long resumed = resumedAt(run);
            if (resumed != Long.MIN_VALUE && (run.run == null || !run.run.cancelled())) {
                run.stepsByKey().forEach((key, step) -> waits(run, key, step, resumed));
            }
        }
    }

    /** When a client knew that nothing is paused any more that may have covered its steps; MIN_VALUE if that is not so. */
    private long resumedAt(RunLedger run) {
        long last = Long.MIN_VALUE;
        for (PauseLedger.Span pause : audit.pauses().that(span -> span.covers(run.runId, null))) {
            if (pause.endAnsweredAt == Long.MAX_VALUE) {
                return Long.MIN_VALUE;
            }
            last = Math.max(last, pause.endAnsweredAt);
        }
        return last;
    }

    private void waits(RunLedger run, String key, StepLedger step, long resumed) {
        StepRecord record = step.last;
        boolean waits = record == null || record.state() instanceof StepState.Retrying;
        if (!waits || step.messages > 0 || step.sends == 0 || isDelayed(run, key, record)) {
            return;
        }
        long since = Math.max(resumed, step.sentAt);
        Duration bound = audit.sweep().multipliedBy(2);
        if (record != null && record.state() instanceof StepState.Retrying(Instant notBefore)) {
            since = Math.max(since, Math.max(step.writtenAt.toEpochMilli(), notBefore.toEpochMilli()));
            if (notBefore.toEpochMilli() > resumed) { // overdue, as any other
                bound = bound.plus(audit.cluster().timing().resending().overdueAfter());
            }
        }
        audit.withinPaused(run.runId + "/" + key, since, bound, "it waits after the resume, and has no message,");
    }

    /** A sweep sends it when the queue can delay it. */
    private static boolean isDelayed(RunLedger run, String key, @Nullable StepRecord record) {
        if (record != null) {
            return record.settings().window().notBefore() != null;
        }
        for (Dispatch dispatch : run.dispatches.values()) {
            var given = run.given(dispatch.dispatchId(), key);
            if (given != null && given.times().notBefore() != null) {
                return true;
            }
        }
        return false;
    }
}
