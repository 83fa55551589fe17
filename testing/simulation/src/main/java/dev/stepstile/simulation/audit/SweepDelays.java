package dev.stepstile.simulation.audit;

import dev.stepstile.step.Dispatch;
import java.time.Instant;
import java.util.Collection;
import org.jspecify.annotations.Nullable;

/** Every open dispatch is swept when it is due, whichever bucket it is in, or with the sweep after that. */
final class SweepDelays implements Check {
    private final Audit audit;

    SweepDelays(Audit audit) {
        this.audit = audit;
    }

    @Override
    public void dispatchWritten(RunLedger run, @Nullable Dispatch before, Dispatch after) {
        if (before != null) {
            swept(run, before, "it was due and swept");
        }
    }

    @Override
    public void look(Collection<RunLedger> runs) {
        for (RunLedger run : runs) {
            run.dispatches.values().forEach(dispatch -> swept(run, dispatch, "it is due and was not swept, now"));
        }
    }

    private void swept(RunLedger run, Dispatch dispatch, String how) {
        Instant due = dispatch.schedule().nextAt();
        if (due != null) {
            String named = "bucket " + dispatch.openBucket() + ", " + dispatch.runId() + "/" + dispatch.dispatchId();
            long since = Math.max(due.toEpochMilli(), run.dispatchesAt.getOrDefault(dispatch.dispatchId(), 0L));
            audit.within(named, since, audit.sweep(), how);
        }
    }
}
