package dev.stepstile.simulation.audit;

import dev.stepstile.step.RetryRule;
import dev.stepstile.step.StepError;
import dev.stepstile.step.StepRecord;
import dev.stepstile.step.StepSpec;
import dev.stepstile.step.StepState;
import java.time.Duration;
import java.util.EnumSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** A step dies of what is true and of its budget's end alone; its dead letter follows within two sweeps, and then the mark. */
final class DeadLetterDelays implements Check {
    /** Causes that may be tried again, so that only the last attempt dies of them. */
    private static final Set<StepError.Kind> EXHAUSTED =
            EnumSet.of(StepError.Kind.HANDLER_FAILED, StepError.Kind.TIMEOUT, StepError.Kind.WORKER_LOST);

    private final Audit audit;
    private final Ledgers ledgers;

    DeadLetterDelays(Audit audit, Ledgers ledgers) {
        this.audit = audit;
        this.ledgers = ledgers;
    }

    @Override
    public void recordWritten(StepLedger step, @Nullable StepRecord before, StepRecord after) {
        if (after.state() instanceof StepState.Failed failed
                && EXHAUSTED.contains(failed.error().kind())
                && after.settings().retry().rule().equals(RetryRule.ANY)) { // else RetryRules says more
            audit.violated(after.id(), "it FAILED for good of " + failed.error().kind() + ", which may be tried again");
        }
        if (!(after.state() instanceof StepState.Dead dead)) {
            return;
        }
        StepError.Kind cause = dead.error().kind();
        if (EXHAUSTED.contains(cause)
                && after.attempt() - step.budgetFrom < after.settings().retry().maxAttempts()) {
            audit.violated(after.id(), "it died of " + cause + " with attempts left");
        }
        if (cause == StepError.Kind.EXPIRED) {
            expired(after);
        }
        if (dead.deadLetteredAt() != null) {
            if (!step.deadLettersSent.contains(after.attempt())) {
                audit.violated(
                        after.id(),
                        "it is marked as dead-lettered, and no dead letter names attempt " + after.attempt());
            }
            audit.within(
                    after.id(),
                    step.endedAt,
                    audit.sweep().multipliedBy(2),
                    "it died, and was marked as dead-lettered");
        }
    }

    private void expired(StepRecord after) {
        var dispatch =
                ledgers.run(after.id().runId()).dispatches.get(after.settings().dispatchId());
        Duration validity = audit.cluster().timing().validity();
        if (dispatch != null
                && audit.now()
                        .plus(audit.clocks())
                        .isBefore(dispatch.accepted().createdAt().plus(validity))) {
            audit.violated(after.id(), "it expired before " + validity + " had passed since its dispatch");
        }
    }

    @Override
    public void deadLetterMarked(StepLedger step, StepSpec spec, int attempt) {
        if (!step.deadAt.contains(attempt)) {
            audit.violated(spec.id(), "it has a dead letter of an attempt at which it did not die: " + attempt);
        } else if (!step.deadLettersSent.contains(attempt) && attempt == step.fence) {
            audit.within(
                    spec.id(), step.endedAt, audit.sweep().multipliedBy(2), "it died, and its dead letter was sent");
        }
    }
}
