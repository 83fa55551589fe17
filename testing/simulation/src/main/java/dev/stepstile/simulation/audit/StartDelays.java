package dev.stepstile.simulation.audit;

import dev.stepstile.simulation.ports.RunningHandler;
import dev.stepstile.step.Dispatch;
import dev.stepstile.step.Moment;
import dev.stepstile.step.StepId;
import dev.stepstile.step.StepSpec;
import dev.stepstile.step.StepState;
import dev.stepstile.usecase.Dispatcher.NewStep;
import java.time.Instant;
import java.util.Collection;
import org.jspecify.annotations.Nullable;

/** No attempt of a step begins before the step's {@code notBefore}, and its message is sent so that one can begin then. */
final class StartDelays implements Check {
    private final Audit audit;
    private final Ledgers ledgers;

    StartDelays(Audit audit, Ledgers ledgers) {
        this.audit = audit;
        this.ledgers = ledgers;
    }

    @Override
    public void workBegun(StepLedger step, RunningHandler work) {
        RunLedger run = ledgers.run(work.id.runId());
        Instant notBefore = step.last == null
                ? null
                : notBefore(run, run.dispatches.get(step.last.settings().dispatchId()), work.id);
        if (notBefore != null && audit.now().plus(audit.clocks()).isBefore(notBefore)) {
            audit.violated(work.id, "attempt " + work.attempt + " began before " + notBefore);
        }
    }

    @Override
    public void messageSent(StepLedger step, StepSpec spec) {
        RunLedger run = ledgers.run(spec.id().runId());
        Dispatch dispatch = run.dispatches.get(spec.settings().dispatchId());
        if (dispatch != null) {
            inTime(run, dispatch, step, spec.id(), "it was first sent");
        }
    }

    @Override
    public void look(Collection<RunLedger> runs) {
        for (RunLedger run : runs) {
            for (Dispatch dispatch : run.dispatches.values()) {
                if (!dispatch.closed()) {
                    run.asked(dispatch.dispatchId())
                            .forEach(id -> inTime(run, dispatch, run.step(id), id, "it was not sent so far, now"));
                }
            }
        }
    }

    private void inTime(RunLedger run, Dispatch dispatch, StepLedger step, StepId id, String how) {
        Instant notBefore = step.sends == 0 ? notBefore(run, dispatch, id) : null;
        boolean ended = step.last != null && step.last.state() instanceof StepState.Ended;
        if (notBefore != null && !ended) {
            audit.within(id, notBefore.toEpochMilli(), audit.sweep().multipliedBy(2), how);
        }
    }

    /** As its client gave it; null if it gave none. */
    static @Nullable Instant notBefore(RunLedger run, @Nullable Dispatch dispatch, StepId id) {
        NewStep given = dispatch == null ? null : run.given(dispatch.dispatchId(), id.stepKey());
        Moment moment = given == null ? null : given.times().notBefore();
        return moment == null || dispatch == null
                ? null
                : moment.from(dispatch.accepted().createdAt());
    }
}
