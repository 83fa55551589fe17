package dev.stepstile.simulation.audit;

import dev.stepstile.step.Dispatch;
import dev.stepstile.step.StepId;
import dev.stepstile.step.StepRecord;
import dev.stepstile.step.StepSpec;
import dev.stepstile.step.StepState;
import dev.stepstile.usecase.Timing;
import java.time.Duration;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * A step that nothing is left to wake is sent again in time: one that nobody claimed two sweeps after the queue shows no
 * messages and the last send is old enough, or after an hour, doubling; one that waits to be tried again two sweeps after
 * it is overdue.
 */
final class Strandings implements Check {
    private final Audit audit;
    private final Ledgers ledgers;

    /** When a sweep last saw messages in the queue, and so had cause to wait. */
    private long queueShownAt = StepLedger.NEVER;

    Strandings(Audit audit, Ledgers ledgers) {
        this.audit = audit;
        this.ledgers = ledgers;
    }

    @Override
    public void queueAsked(boolean showsMessages) {
        if (showsMessages) {
            queueShownAt = audit.millis();
        }
    }

    @Override
    public void messageLost(StepLedger step, StepId id) {
        stranded(step);
    }

    @Override
    public void messageAbandoned(StepLedger step, StepId id) {
        stranded(step);
    }

    private void stranded(StepLedger step) {
        StepRecord record = step.last;
        boolean waits = record == null || record.state() instanceof StepState.Retrying;
        if (waits && step.strandedSince == StepLedger.NEVER) {
            step.strandedSince = audit.millis();
        }
    }

    @Override
    public void messageSent(StepLedger step, StepSpec spec) {
        resumed(step, spec.id());
    }

    @Override
    public void recordWritten(StepLedger step, @Nullable StepRecord before, StepRecord after) {
        resumed(step, after.id());
    }

    private void resumed(StepLedger step, StepId id) {
        if (step.strandedSince == StepLedger.NEVER) {
            return;
        }
        StepRecord record = step.last;
        if (record == null) {
            unclaimed(step, id);
        } else if (record.state() instanceof StepState.Retrying(Instant notBefore)) {
            overdue(step, id, notBefore.toEpochMilli());
        }
        step.strandedSince = StepLedger.NEVER;
    }

    private void unclaimed(StepLedger step, StepId id) {
        Timing timing = audit.cluster().timing();
        RunLedger run = ledgers.run(id.runId());
        for (Dispatch dispatch : run.dispatches.values()) {
            if (run.asked(dispatch.dispatchId()).contains(id)) {
                long since = Math.max(
                        step.strandedSince, dispatch.sending().lastSentAt().toEpochMilli());
                Instant notBefore = StartDelays.notBefore(run, dispatch, id);
                since = notBefore == null ? since : Math.max(since, notBefore.toEpochMilli());
                Duration patience = timing.resending()
                        .unclaimedAfter()
                        .multipliedBy(1L << Math.min(dispatch.sending().resends(), 20));
                patience = patience.compareTo(timing.resending().unclaimedCap()) < 0
                        ? patience
                        : timing.resending().unclaimedCap();
                Duration bound = patience.plus(audit.sweep().multipliedBy(2));
                audit.within(id, since, bound, "its message was lost, and was sent again");
                audit.within(
                        id,
                        Math.max(since, queueShownAt),
                        timing.resending().lostAfter().plus(audit.sweep().multipliedBy(2)),
                        "its message was lost and the queue shows none, and it was sent again");
                return;
            }
        }
    }

    private void overdue(StepLedger step, StepId id, long due) {
        Duration grace = audit.cluster().timing().resending().overdueAfter();
        long late = Math.max(step.strandedSince - due, 0);
        Duration wait = grace.compareTo(Duration.ofMillis(2 * late)) > 0 ? grace : Duration.ofMillis(2 * late);
        Duration bound = wait.plus(audit.sweep().multipliedBy(2));
        audit.within(id, due, bound, "its retry was overdue, and its message was sent again");
    }
}
