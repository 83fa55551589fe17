package dev.stepstile.simulation.audit;

import dev.stepstile.port.StepQueue;
import dev.stepstile.simulation.scheduler.SimulatedProcess;
import dev.stepstile.step.Dispatch;
import dev.stepstile.step.StepId;
import dev.stepstile.step.StepRecord;
import dev.stepstile.step.StepSpec;
import dev.stepstile.step.StepState;
import java.time.Duration;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/** A message is sent after what it stands for is written, and what is said to be sent was sent. */
final class MessageOrder implements Check {
    /** From what a sender last read of a step to its message, in a large dispatch. */
    private static final Duration READ_TO_SENT = Duration.ofSeconds(30);

    private final Audit audit;
    private final Ledgers ledgers;

    MessageOrder(Audit audit, Ledgers ledgers) {
        this.audit = audit;
        this.ledgers = ledgers;
    }

    @Override
    public void messageSent(StepLedger step, StepSpec spec) {
        RunLedger run = ledgers.run(spec.id().runId());
        if (run.run == null || !run.dispatches.containsKey(spec.settings().dispatchId())) {
            audit.violated(spec.id(), "a message was sent before its dispatch was written");
        }
        patient(step, spec, run);
        StepRecord record = step.last;
        long before = audit.millis() - READ_TO_SENT.toMillis();
        if (record != null
                && record.settings().dispatchId().equals(spec.settings().dispatchId())
                && step.writtenAt.toEpochMilli() < before
                && audit.caller().undisturbedSince(before)
                && (record.state() instanceof StepState.Ended || record.state() instanceof StepState.Running)) {
            audit.violated(spec.id(), "a message was sent while it is " + Auditor.shown(record));
        }
    }

    /** What nobody claimed is not sent again while it may only be waiting its turn, unless the worker that had it is lost. */
    private void patient(StepLedger step, StepSpec spec, RunLedger run) {
        Dispatch dispatch = run.dispatches.get(spec.settings().dispatchId());
        if (dispatch == null) {
            return;
        }
        Duration patience = audit.cluster()
                .timing()
                .resending()
                .lostAfter()
                .minus(audit.clocks())
                .minusSeconds(1);
        boolean again =
                step.last == null && step.sends > 0 && dispatch.sending().sentAt() != null;
        long lately =
                audit.millis() - patience.plus(audit.sweep().multipliedBy(2)).toMillis();
        if (again
                && !audit.pauses().coveredSince(spec.id().runId(), lately) // which messages it cost is not known
                && !isOfACrashedSweep(step, spec, run, dispatch)
                && !ledgers.lostWith(spec.id())
                && step.sentFor.equals(spec.settings().dispatchId())
                && audit.millis() - waitsSince(step, spec, run, dispatch) < patience.toMillis()
                && audit.caller().undisturbedSince(audit.millis() - patience.toMillis())) {
            audit.violated(
                    spec.id(),
                    "no worker had claimed it, and its message was sent again after "
                            + Duration.ofMillis(audit.millis() - step.sentAt));
        }
    }

    /** It may not have noted that it sent what could be sent at last. */
    private static boolean isOfACrashedSweep(StepLedger step, StepSpec spec, RunLedger run, Dispatch dispatch) {
        SimulatedProcess sender = step.sentBy;
        return StartDelays.notBefore(run, dispatch, spec.id()) != null
                && sender != null
                && !sender.undisturbedSince(step.sentAt);
    }

    /** Since when a worker could have claimed it. */
    private static long waitsSince(StepLedger step, StepSpec spec, RunLedger run, Dispatch dispatch) {
        Instant notBefore = StartDelays.notBefore(run, dispatch, spec.id());
        return notBefore == null ? step.sentAt : Math.max(step.sentAt, notBefore.toEpochMilli());
    }

    /** Whether the queue cannot delay its message for long enough: a sweep sends it. */
    private boolean isEarly(RunLedger run, Dispatch dispatch, StepId id) {
        Instant notBefore = StartDelays.notBefore(run, dispatch, id);
        return notBefore != null
                && notBefore.minus(StepQueue.MAX_DELAY).plus(audit.clocks()).isAfter(audit.now());
    }

    @Override
    public void dispatchWritten(RunLedger run, @Nullable Dispatch before, Dispatch after) {
        if (run.run == null) {
            audit.violated(after.runId() + "/" + after.dispatchId(), "it was written before its run was");
        }
        if (before != null
                && before.sending().sentAt() == null
                && after.sending().sentAt() != null) {
            for (StepId id : run.asked(after.dispatchId())) {
                if (run.step(id).sends == 0 && run.step(id).last == null && !isEarly(run, after, id)) {
                    audit.violated(id, "its dispatch is marked as sent, and its message was not sent");
                }
            }
        }
    }
}
