package dev.stepstile.simulation.audit;

import dev.stepstile.simulation.ports.RunningHandler;
import dev.stepstile.simulation.scheduler.SimulatedProcess;
import dev.stepstile.step.StepRecord;
import dev.stepstile.step.StepState;
import dev.stepstile.usecase.Timing;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * A worker that nothing disturbs renews its leases at each heartbeat, for as long as the lease says, and no longer than it
 * works.
 */
final class Heartbeats implements Check {
    /** A heartbeat is looked for each second, and takes its call. */
    private static final Duration SLACK = Duration.ofSeconds(5);

    private final Audit audit;

    Heartbeats(Audit audit) {
        this.audit = audit;
    }

    private Timing timing() {
        return audit.cluster().timing();
    }

    @Override
    public void recordWritten(StepLedger step, @Nullable StepRecord before, StepRecord after) {
        if (!(after.state() instanceof StepState.Running running)) {
            return;
        }
        boolean claims = Fences.claims(before, after);
        boolean renews = !claims
                && before != null
                && before.state() instanceof StepState.Running held
                && !held.leaseUntil().equals(running.leaseUntil());
        if (claims || renews) {
            leased(after, running);
        }
        if (renews) {
            gap(after, step.signAt, step.holder);
        }
    }

    private void leased(StepRecord after, StepState.Running running) {
        Duration length = Duration.between(audit.now(), running.leaseUntil());
        Duration most = timing().lease().plus(audit.cluster().surroundings().maxSkew());
        Duration least =
                timing().lease().minus(audit.cluster().surroundings().maxSkew()).minusSeconds(2);
        boolean late = audit.caller().stoodStillUntil()
                > audit.millis() - timing().lease().toMillis();
        if (length.compareTo(most) > 0 || (length.compareTo(least) < 0 && !late)) {
            audit.violated(after.id(), "attempt " + after.attempt() + " took a lease of " + length);
        }
    }

    private void gap(StepRecord record, long last, @Nullable SimulatedProcess holder) {
        Duration gap = Duration.ofMillis(audit.millis() - last);
        if (holder != null
                && holder.undisturbedSince(last)
                && gap.compareTo(timing().heartbeat().plus(SLACK)) > 0) {
            audit.violated(record.id(), "attempt " + record.attempt() + " works and sent no heartbeat for " + gap);
        }
    }

    @Override
    public void workEnded(StepLedger step, RunningHandler work, @Nullable String result) {
        StepRecord record = step.last;
        if (record != null && record.attempt() == work.attempt && record.state() instanceof StepState.Running) {
            gap(record, step.signAt, work.by);
        }
    }

    @Override
    public void recordRefused(StepLedger step, @Nullable StepRecord stored, StepRecord refused) {
        if (stored != null
                && stored.state() instanceof StepState.Ended
                && AttemptHistory.endedByItsWorker(stored)
                && refused.state() instanceof StepState.Running
                && stored.attempt() == refused.attempt()
                && stored.owner().equals(refused.owner())
                && audit.caller() == step.holder
                && step.endedAt < audit.millis() - SLACK.toMillis()
                && audit.caller().undisturbedSince(step.endedAt - SLACK.toMillis())) {
            audit.violated(stored.id(), "attempt " + stored.attempt() + " sends heartbeats after its end");
        }
    }
}
