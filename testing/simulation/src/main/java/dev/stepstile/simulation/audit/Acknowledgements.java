package dev.stepstile.simulation.audit;

import dev.stepstile.step.StepError;
import dev.stepstile.step.StepId;
import dev.stepstile.step.StepRecord;
import dev.stepstile.step.StepState;
import java.time.Duration;
import java.time.Instant;

/**
 * A message is deleted only once what it stands for is in the table, and never the last one that a step needs, unless the step
 * is paused.
 */
final class Acknowledgements implements Check {
    private final Audit audit;

    Acknowledgements(Audit audit) {
        this.audit = audit;
    }

    @Override
    public void messageDeleted(StepLedger step, StepId id) {
        long received = audit.millis() - audit.cluster().stepTimeout().toMillis(); // at the earliest
        if (audit.pauses().coveredSince(id.runId(), received)) {
            return; // a sweep sends another after the resume
        }
        StepRecord record = step.last;
        if (record == null) {
            audit.violated(id, "a message was acknowledged before anything was recorded");
        } else if (step.messages == 0 && record.state() instanceof StepState.Running) {
            audit.violated(id, "its last message was acknowledged while it runs, and no message is left to wake it");
        } else if (step.messages == 0
                && record.state() instanceof StepState.Retrying(Instant notBefore)
                && failedByItself(record)
                && notBefore.isBefore(audit.now().plus(Duration.ofHours(11)))) {
            audit.violated(id, "its last message was acknowledged while it waits for its retry");
        }
    }

    /** Not by a sweep or a redrive, which send a message next. */
    private static boolean failedByItself(StepRecord record) {
        return record.attempt() > record.attempts().budgetFrom()
                && !record.history().isEmpty()
                && record.history().getLast().cause() != StepError.Kind.WORKER_LOST;
    }
}
