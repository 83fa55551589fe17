package dev.stepstile.simulation.audit;

import dev.stepstile.simulation.ports.RunningHandler;
import dev.stepstile.step.StepId;
import dev.stepstile.step.StepRecord;
import dev.stepstile.step.StepState;
import dev.stepstile.step.WorkerRecord;
import dev.stepstile.usecase.Timing;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * A worker claims only what its item lists; one that nothing disturbs renews its lease at each heartbeat, for as long as
 * the lease says, and no longer than it works.
 */
final class Heartbeats implements Check {
    /** A heartbeat is looked for each second, and takes its call. */
    private static final Duration SLACK = Duration.ofSeconds(5);

    private final Audit audit;
    private final Ledgers ledgers;

    Heartbeats(Audit audit, Ledgers ledgers) {
        this.audit = audit;
        this.ledgers = ledgers;
    }

    private Timing timing() {
        return audit.cluster().timing();
    }

    @Override
    public void recordWritten(StepLedger step, @Nullable StepRecord before, StepRecord after) {
        if (Fences.claims(before, after)) {
            WorkerLedger worker = ledgers.workerOf(after);
            if (worker == null && after.worker() != null) {
                audit.violated(after.id(), "attempt " + after.attempt() + " was claimed by a worker without an item");
            } else if (worker != null && worker.item != null && !lists(worker.item, after.id())) {
                audit.violated(
                        after.id(), "attempt " + after.attempt() + " was claimed, and is not in the worker's item");
            }
        }
    }

    private static boolean lists(WorkerRecord item, StepId step) {
        return item.steps().stream().anyMatch(listed -> listed.id().equals(step));
    }

    @Override
    public void workerWritten(WorkerLedger worker, @Nullable WorkerRecord before, @Nullable WorkerRecord after) {
        if (after == null) {
            return;
        }
        if (before == null || after.beat() > before.beat()) {
            leased(after);
        }
        if (before != null && after.beat() > before.beat()) {
            gap(after.id(), worker);
            if (!after.steps().equals(before.steps())) {
                audit.violated("worker " + after.id(), "its heartbeat changed which steps it lists");
            }
            if (after.revokedAt() != null) {
                audit.violated("worker " + after.id(), "it was revoked, and its heartbeat was accepted");
            }
        }
    }

    private void leased(WorkerRecord item) {
        Duration length = Duration.between(audit.now(), item.leaseUntil());
        Duration most = timing().lease().plus(audit.cluster().surroundings().maxSkew());
        Duration least =
                timing().lease().minus(audit.cluster().surroundings().maxSkew()).minusSeconds(2);
        boolean late = audit.caller().stoodStillUntil()
                > audit.millis() - timing().lease().toMillis();
        if (length.compareTo(most) > 0 || (length.compareTo(least) < 0 && !late)) {
            audit.violated("worker " + item.id(), "it took a lease of " + length);
        }
    }

    private void gap(Object what, WorkerLedger worker) {
        Duration gap = Duration.ofMillis(audit.millis() - worker.signAt);
        if (worker.process.undisturbedSince(worker.signAt)
                && gap.compareTo(timing().heartbeat().plus(SLACK)) > 0) {
            audit.violated(what, "its worker works and sent no heartbeat for " + gap);
        }
    }

    @Override
    public void workEnded(StepLedger step, RunningHandler work, @Nullable String result) {
        StepRecord record = step.last;
        if (record != null && record.attempt() == work.attempt && record.state() instanceof StepState.Running) {
            WorkerLedger worker = ledgers.workerOf(record);
            if (worker != null && worker.revoked == null) {
                gap(record.id(), worker);
            }
        }
    }
}
