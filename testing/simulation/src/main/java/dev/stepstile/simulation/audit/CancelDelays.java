package dev.stepstile.simulation.audit;

import dev.stepstile.simulation.scheduler.SimulatedProcess;
import dev.stepstile.step.Dispatch;
import dev.stepstile.step.Run;
import dev.stepstile.step.StepId;
import dev.stepstile.step.StepRecord;
import dev.stepstile.step.StepState;
import java.time.Duration;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A cancel reaches every step: at once if its call is answered, within two sweeps whatever happens; what runs ends within
 * a heartbeat of it; nothing but a success escapes it, and nothing is cancelled without one. A cancel of some steps has reached
 * them when it is answered, and concerns no other.
 */
final class CancelDelays implements Check {
    /** From the heartbeat that tells the worker, to the record. */
    private static final Duration TO_STOP = Duration.ofSeconds(7);

    private final Audit audit;
    private final Ledgers ledgers;

    CancelDelays(Audit audit, Ledgers ledgers) {
        this.audit = audit;
        this.ledgers = ledgers;
    }

    @Override
    public void recordWritten(StepLedger step, @Nullable StepRecord before, StepRecord after) {
        RunLedger ledger = ledgers.run(after.id().runId());
        Run run = ledger.run;
        if (before != null && after.cancelSeq() < before.cancelSeq()) {
            audit.violated(
                    after.id(), "its cancelSeq went back from " + before.cancelSeq() + " to " + after.cancelSeq());
        }
        if (run != null && after.cancelSeq() > run.cancelSeq()) {
            audit.violated(after.id(), "it answers cancel " + after.cancelSeq() + ", and no client called for it");
        }
        if (after.state() instanceof StepState.Cancelled
                && !called(run, before)
                && !ledger.cancelledAlone(after.id().stepKey())) {
            audit.violated(after.id(), "it was cancelled, and no client called for it");
        }
        if (run != null && run.cancelSeq() > 0 && !ended(before)) {
            unanswered(ledger, run, before, after);
        }
        if (before != null && before.state() instanceof StepState.Running was && was.cancelRequested()) {
            flagged(step, before, after);
        }
    }

    /** Whether a client cancelled the run, and the step had not answered that, or was asked to stop: its worker is told first. */
    private static boolean called(@Nullable Run run, @Nullable StepRecord before) {
        long answered = before == null ? 0 : before.cancelSeq();
        return (run != null && answered < run.cancelSeq())
                || (before != null && before.state() instanceof StepState.Running held && held.cancelRequested());
    }

    private static boolean ended(@Nullable StepRecord record) {
        return record != null && record.state() instanceof StepState.Ended;
    }

    private void unanswered(RunLedger ledger, Run run, @Nullable StepRecord before, StepRecord after) {
        boolean answered = before != null && before.cancelSeq() == run.cancelSeq();
        StepLedger step = ledgers.step(after.id());
        if (!answered && step.redrivenAt < ledger.cancelledAt) {
            audit.within(
                    after.id(),
                    ledger.cancelledAt,
                    audit.sweep().multipliedBy(2),
                    after.cancelSeq() < run.cancelSeq()
                            ? "its run was cancelled, and it still runs"
                            : "the cancel of its run reached it");
        }
    }

    private void flagged(StepLedger step, StepRecord before, StepRecord after) {
        boolean goesOn = after.state() instanceof StepState.Running running
                && running.cancelRequested()
                && !Fences.claims(before, after);
        if (!goesOn
                && !(after.state() instanceof StepState.Cancelled)
                && !(after.state() instanceof StepState.Succeeded)) {
            audit.violated(after.id(), "it was asked to stop while it ran, and then it was " + Auditor.shown(after));
        }
        if (ended(after)) {
            SimulatedProcess holder = step.holder;
            Duration heartbeat = audit.cluster().timing().heartbeat().plus(TO_STOP);
            if (holder != null
                    && step.workEndedAt >= step.flaggedAt
                    && holder.undisturbedSince(step.flaggedAt)
                    && step.flaggedUndisturbed()
                    && audit.millis() - step.flaggedAt > heartbeat.toMillis()) {
                audit.violated(
                        after.id(),
                        "it runs without a fault, was cancelled, and ended only "
                                + Duration.ofMillis(audit.millis() - step.flaggedAt) + " later");
            }
            audit.within(
                    after.id(), step.flaggedAt, audit.cluster().recoveryBound(), "it was asked to stop, and ended");
        }
    }

    @Override
    public void cancelAnswered(RunLedger ledger, long asked) {
        Run run = ledger.run;
        if (run == null || !audit.caller().undisturbedSince(asked)) {
            return;
        }
        for (Dispatch dispatch : ledger.dispatches.values()) {
            if (!dispatch.closed()
                    && dispatch.accepted().createdAt().toEpochMilli()
                            < asked - audit.clocks().toMillis()) {
                for (StepId id : ledger.asked(dispatch.dispatchId())) {
                    answered(id, ledger.step(id), run, asked);
                }
            }
        }
    }

    @Override
    public void stepsCancelAnswered(RunLedger ledger, Set<String> keys, long asked) {
        if (!audit.caller().undisturbedSince(asked)) {
            return;
        }
        for (String key : keys) {
            StepId id = new StepId(ledger.runId, key);
            StepLedger step = ledger.step(id);
            boolean reached = ended(step.last)
                    || (step.last != null
                            && step.last.state() instanceof StepState.Running running
                            && running.cancelRequested());
            if (!reached && step.redrivenAt < asked) {
                audit.violated(id, "its cancel was answered, and its state is still " + Auditor.shown(step.last));
            }
        }
    }

    private void answered(StepId id, StepLedger step, Run run, long asked) {
        StepRecord record = step.last;
        boolean reached = record != null && (ended(record) || record.cancelSeq() == run.cancelSeq());
        if (!reached && step.redrivenAt < asked) {
            audit.violated(id, "the cancel of its run was answered, and its state is still " + Auditor.shown(record));
        }
    }
}
