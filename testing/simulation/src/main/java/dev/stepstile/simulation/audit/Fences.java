package dev.stepstile.simulation.audit;

import dev.stepstile.step.StepRecord;
import dev.stepstile.step.StepState;
import org.jspecify.annotations.Nullable;

/** The fence only grows, by one with each claim; each claim has an owner of its own; budgets are kept. */
final class Fences implements Check {
    private final Audit audit;

    Fences(Audit audit) {
        this.audit = audit;
    }

    /** Whether this write is a claim. */
    static boolean claims(@Nullable StepRecord before, StepRecord after) {
        return after.state() instanceof StepState.Running
                && (before == null
                        || before.attempt() != after.attempt()
                        || !before.owner().equals(after.owner()));
    }

    @Override
    public void recordWritten(StepLedger step, @Nullable StepRecord before, StepRecord after) {
        if (claims(before, after)) {
            if (after.attempt() != step.fence + 1) {
                audit.violated(after.id(), "attempt " + after.attempt() + " was claimed after attempt " + step.fence);
            }
            if (step.owners.contains(after.owner())) {
                audit.violated(after.id(), "attempt " + after.attempt() + " has the owner of an earlier one");
            }
            if (after.attempt() - step.budgetFrom > after.settings().retry().maxAttempts()) {
                audit.violated(after.id(), "attempt " + after.attempt() + " is beyond its budget");
            }
        } else if (after.attempt() != step.fence) {
            audit.violated(
                    after.id(), "attempt " + after.attempt() + " wrote after attempt " + step.fence + " had claimed");
        }
        boolean redriven = before != null
                && before.state() instanceof StepState.Ended
                && after.state() instanceof StepState.Retrying;
        if (!redriven && after.attempts().budgetFrom() != step.budgetFrom) {
            audit.violated(after.id(), "its budget began after attempt " + step.budgetFrom + ", and was changed");
        }
    }
}
