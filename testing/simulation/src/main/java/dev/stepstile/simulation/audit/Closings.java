package dev.stepstile.simulation.audit;

import dev.stepstile.step.Dispatch;
import dev.stepstile.step.StepId;
import dev.stepstile.step.StepRecord;
import dev.stepstile.step.StepState;
import dev.stepstile.usecase.AuditRules;
import dev.stepstile.usecase.Violation;
import java.util.BitSet;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** A dispatch is closed when all of its steps are at rest, not before, and within two sweeps of it; its counts are true. */
final class Closings implements Check {
    private final Audit audit;

    Closings(Audit audit) {
        this.audit = audit;
    }

    @Override
    public void dispatchWritten(RunLedger run, @Nullable Dispatch before, Dispatch after) {
        if (before != null) {
            finished(run, before, after);
        }
        if (after.closed() && (before == null || !before.closed())) {
            closed(run, after);
        }
    }

    private void closed(RunLedger run, Dispatch dispatch) {
        long rest = Math.max(
                dispatch.accepted().createdAt().toEpochMilli(),
                dispatch.schedule().keepOpenUntil().toEpochMilli());
        SortedMap<StepState.Name, Integer> states = new TreeMap<>();
        boolean shared = false;
        for (StepId id : run.asked(dispatch.dispatchId())) {
            StepLedger step = run.step(id);
            StepRecord record = step.last;
            rest = Math.max(rest, record == null ? 0 : step.writtenAt.toEpochMilli());
            shared |= record == null || !record.settings().dispatchId().equals(dispatch.dispatchId());
            states.merge(record == null ? StepState.Name.QUEUED : record.state().name(), 1, Integer::sum);
            if (!run.drivenByAnother(dispatch, record)) {
                restsAtLast(id, record);
            }
        }
        if (!shared && !states.isEmpty() && !states.equals(dispatch.progress().finishedCounts())) {
            audit.violated(
                    named(dispatch),
                    "it was closed with the counts " + dispatch.progress().finishedCounts() + ", but its steps are "
                            + states);
        }
        audit.within(
                named(dispatch), rest, audit.sweep().multipliedBy(2), "all of its steps had ended, and it was closed");
    }

    private void restsAtLast(StepId id, @Nullable StepRecord record) {
        Violation.Kind wrong = AuditRules.ofCounted(record);
        if (wrong != null) {
            audit.violated(id, "its dispatch was closed while it was " + Auditor.shown(record) + ": " + wrong);
        }
    }

    /** What is once seen as finished is not looked at again: it had better be. */
    private void finished(RunLedger run, Dispatch before, Dispatch after) {
        BitSet fresh = after.progress().finished().toBitSet();
        fresh.andNot(before.progress().finished().toBitSet());
        List<StepId> asked = run.asked(after.dispatchId());
        for (int i = fresh.nextSetBit(0); i >= 0 && i < asked.size(); i = fresh.nextSetBit(i + 1)) {
            StepRecord record = run.step(asked.get(i)).last;
            Violation.Kind wrong = AuditRules.ofCounted(record);
            if (wrong != null && !run.drivenByAnother(after, record)) {
                audit.violated(
                        asked.get(i),
                        "its dispatch counts it as finished while it is " + Auditor.shown(record) + ": " + wrong);
            }
        }
    }

    private static String named(Dispatch dispatch) {
        return dispatch.runId() + "/" + dispatch.dispatchId();
    }
}
