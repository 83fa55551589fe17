package dev.stepstile.simulation.audit;

import dev.stepstile.step.Attempts;
import dev.stepstile.step.FailedAttempt;
import dev.stepstile.step.StepError;
import dev.stepstile.step.StepRecord;
import dev.stepstile.step.StepState;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A record's history tells each attempt that did not succeed, and forgets none before its time. */
final class AttemptHistory implements Check {
    private final Audit audit;

    AttemptHistory(Audit audit) {
        this.audit = audit;
    }

    @Override
    public void recordWritten(StepLedger step, @Nullable StepRecord before, StepRecord after) {
        List<FailedAttempt> was = before == null ? List.of() : before.history();
        List<FailedAttempt> is = after.history();
        int endedAttempt = before == null ? 0 : ended(before, after);
        int more = endedAttempt == 0 ? 0 : 1;
        int kept = Math.min(was.size(), Attempts.MAX_HISTORY - more);
        boolean whole = is.size() == kept + more
                && is.subList(0, kept).equals(was.subList(was.size() - kept, was.size()))
                && (more == 0 || is.getLast().attempt() == endedAttempt);
        if (!whole) {
            audit.violated(
                    after.id(),
                    "its history does not follow the one before: " + attempts(was) + ", then " + attempts(is));
        }
    }

    /** The attempt that this write ends without success; 0 if it ends none. */
    private static int ended(StepRecord before, StepRecord after) {
        boolean goesOn = after.state() instanceof StepState.Running && after.attempt() == before.attempt();
        return before.state() instanceof StepState.Running && !goesOn && !(after.state() instanceof StepState.Succeeded)
                ? before.attempt()
                : 0;
    }

    private static List<Integer> attempts(List<FailedAttempt> notes) {
        return notes.stream().map(FailedAttempt::attempt).toList();
    }

    /** Whether the record's newest attempt was ended by its own worker, not by a sweep or another claim. */
    static boolean endedByItsWorker(StepRecord record) {
        return switch (record.state()) {
            case StepState.Succeeded _ -> true;
            case StepState.Failed _, StepState.Retrying _, StepState.Dead _, StepState.Cancelled _ -> failed(record);
            case StepState.Running _ -> false;
        };
    }

    private static boolean failed(StepRecord record) {
        return record.attempts().budgetFrom() < record.attempt()
                && !record.history().isEmpty()
                && record.history().getLast().attempt() == record.attempt()
                && record.history().getLast().cause() != StepError.Kind.WORKER_LOST;
    }
}
