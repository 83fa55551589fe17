package dev.stepstile.simulation.audit;

import dev.stepstile.simulation.scheduler.SimulatedProcess;
import dev.stepstile.step.Dispatch;
import dev.stepstile.step.StepId;
import dev.stepstile.step.StepRecord;
import dev.stepstile.step.StepState;
import java.time.Instant;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A redrive keeps the fence, begins a budget at it, is due as soon as its step may run, reopens its dispatch first, and once its call is
 * answered its messages are sent.
 */
final class Redrives implements Check {
    private final Audit audit;
    private final Ledgers ledgers;

    Redrives(Audit audit, Ledgers ledgers) {
        this.audit = audit;
        this.ledgers = ledgers;
    }

    @Override
    public void recordWritten(StepLedger step, @Nullable StepRecord before, StepRecord after) {
        if (before != null
                && before.state() instanceof StepState.Ended
                && after.state() instanceof StepState.Retrying(Instant notBefore)) {
            redriven(before, after, notBefore);
        }
    }

    private void redriven(StepRecord before, StepRecord after, Instant notBefore) {
        if (after.attempt() != before.attempt() || after.attempts().budgetFrom() != before.attempt()) {
            audit.violated(after.id(), "a redrive must keep the fence and begin a budget at it");
        }
        Instant allowed = after.settings().window().earliest(audit.now());
        if (notBefore.isAfter(allowed.plus(audit.clocks()))) {
            audit.violated(after.id(), "it was redriven, and may not start before " + notBefore);
        }
        Dispatch dispatch =
                ledgers.run(after.id().runId()).dispatches.get(after.settings().dispatchId());
        if (dispatch == null || dispatch.closed()) {
            audit.violated(after.id(), "it was redriven while its dispatch was closed");
        } else if (dispatch.progress()
                .finished()
                .toBitSet()
                .get(after.settings().index())) {
            audit.violated(after.id(), "it was redriven while its dispatch counts it as finished");
        }
    }

    @Override
    public void redriveAnswered(RunLedger run, long asked) {
        SimulatedProcess caller = audit.caller();
        if (!caller.undisturbedSince(asked)) {
            return;
        }
        for (Map.Entry<String, StepLedger> entry : run.stepsByKey().entrySet()) {
            StepLedger step = entry.getValue();
            if (step.redriver == caller && step.redrivenAt >= asked && step.sentAt < step.redrivenAt) {
                audit.violated(
                        new StepId(run.runId, entry.getKey()),
                        "its redrive was answered, and no message was sent for it");
            }
        }
    }
}
