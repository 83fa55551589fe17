package dev.stepstile.simulation.audit;

import dev.stepstile.simulation.ports.RunningHandler;
import dev.stepstile.step.Dispatch;
import dev.stepstile.step.Moment;
import dev.stepstile.step.StepError;
import dev.stepstile.step.StepId;
import dev.stepstile.step.StepRecord;
import dev.stepstile.step.StepState;
import dev.stepstile.usecase.Dispatcher.NewStep;
import java.time.Instant;
import java.util.Collection;
import org.jspecify.annotations.Nullable;

/**
 * A step ends at its deadline: within two sweeps if it waits; if it runs, its worker ends it, or the recovery of that worker.
 * No attempt begins after it, and none that ends before it ends by it.
 */
final class Deadlines implements Check {
    private final Audit audit;
    private final Ledgers ledgers;

    Deadlines(Audit audit, Ledgers ledgers) {
        this.audit = audit;
        this.ledgers = ledgers;
    }

    @Override
    public void workBegun(StepLedger step, RunningHandler work) {
        Instant deadline = of(step, work.id);
        boolean stoodStill = work.by.thawedAt() >= work.since - 1_000;
        if (deadline != null && !stoodStill && audit.now().minus(audit.clocks()).isAfter(deadline.plusSeconds(2))) {
            audit.violated(work.id, "attempt " + work.attempt + " began after the deadline " + deadline);
        }
    }

    @Override
    public void recordWritten(StepLedger step, @Nullable StepRecord before, StepRecord after) {
        boolean wasOpen = before == null || !(before.state() instanceof StepState.Ended);
        Instant deadline = given(after.id(), after);
        if (step.redrivenAt != StepLedger.NEVER || !wasOpen) { // a redrive drops it once it is over
            return;
        }
        if (after.state() instanceof StepState.Failed failed && failed.error().kind() == StepError.Kind.DEADLINE) {
            boolean retryWouldBeLate = before != null && before.state() instanceof StepState.Running;
            if (deadline == null
                    || (!retryWouldBeLate && audit.now().plus(audit.clocks()).isBefore(deadline))) {
                audit.violated(after.id(), "it ended by its deadline, which is " + deadline);
            }
        }
        if (after.state() instanceof StepState.Retrying(Instant retryAt)
                && deadline != null
                && retryAt.minus(audit.clocks()).isAfter(deadline)) {
            audit.violated(after.id(), "it is to be tried again at " + retryAt + ", after its deadline " + deadline);
        }
        if (deadline != null && after.state() instanceof StepState.Ended) {
            inTime(after.id(), before, deadline, "it ended");
        }
    }

    @Override
    public void look(Collection<RunLedger> runs) {
        for (RunLedger run : runs) {
            for (Dispatch dispatch : run.dispatches.values()) {
                if (!dispatch.closed()) {
                    run.asked(dispatch.dispatchId()).forEach(id -> hasEnded(run.step(id), id, dispatch));
                }
            }
        }
    }

    private void hasEnded(StepLedger step, StepId id, Dispatch dispatch) {
        boolean another =
                step.last != null && !step.last.settings().dispatchId().equals(dispatch.dispatchId());
        boolean open = step.last == null || !(step.last.state() instanceof StepState.Ended);
        if (open && !another && step.redrivenAt == StepLedger.NEVER) {
            Instant deadline = given(ledgers.run(id.runId()), dispatch, id);
            if (deadline != null) {
                inTime(id, step.last, deadline, "it has not ended, now");
            }
        }
    }

    private void inTime(StepId id, @Nullable StepRecord before, Instant deadline, String how) {
        boolean runs = before != null && before.state() instanceof StepState.Running;
        audit.within(
                id,
                deadline.toEpochMilli(),
                runs ? audit.cluster().recoveryBound() : audit.sweep().multipliedBy(2),
                how);
    }

    private @Nullable Instant of(StepLedger step, StepId id) {
        StepRecord record = step.last;
        return record == null || step.redrivenAt != StepLedger.NEVER ? null : given(id, record);
    }

    private @Nullable Instant given(StepId id, StepRecord record) {
        RunLedger run = ledgers.run(id.runId());
        return given(run, run.dispatches.get(record.settings().dispatchId()), id);
    }

    /** As its client gave it; null if it gave none. */
    private static @Nullable Instant given(RunLedger run, @Nullable Dispatch dispatch, StepId id) {
        NewStep step = dispatch == null ? null : run.given(dispatch.dispatchId(), id.stepKey());
        Moment deadline = step == null ? null : step.times().deadline();
        return deadline == null || dispatch == null
                ? null
                : deadline.from(dispatch.accepted().createdAt());
    }
}
