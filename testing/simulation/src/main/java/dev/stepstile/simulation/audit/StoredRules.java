package dev.stepstile.simulation.audit;

import dev.stepstile.step.Dispatch;
import dev.stepstile.step.Run;
import dev.stepstile.step.StepRecord;
import dev.stepstile.usecase.AuditRules;
import org.jspecify.annotations.Nullable;

/** What the live auditor holds of all that is stored at any moment holds after each write. */
final class StoredRules implements Check {
    private final Audit audit;

    StoredRules(Audit audit) {
        this.audit = audit;
    }

    @Override
    public void recordWritten(StepLedger step, @Nullable StepRecord before, StepRecord after) {
        AuditRules.ofAttempts(after).forEach(wrong -> audit.violated(after.id(), wrong));
    }

    @Override
    public void dispatchWritten(RunLedger ledger, @Nullable Dispatch before, Dispatch after) {
        Run run = ledger.run;
        if (run != null) {
            AuditRules.ofDispatch(after, run)
                    .forEach(wrong -> audit.violated(after.runId() + "/" + after.dispatchId(), wrong));
        }
    }
}
