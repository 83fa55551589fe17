package dev.stepstile.simulation.audit;

import dev.stepstile.simulation.scheduler.SimulatedProcess;
import dev.stepstile.step.FailedAttempt;
import dev.stepstile.step.StepError;
import dev.stepstile.step.StepRecord;
import dev.stepstile.step.StepState;
import dev.stepstile.step.WorkerRecord;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A worker is revoked only if it is lost, not before its lease and the margin are over, and soon afterwards: within a look
 * while another worker works, else with the next sweep; a step is taken only from a worker that is revoked or gone.
 */
final class TakeOvers implements Check {
    /** A look is due with a tick of the heartbeat, reads what may lag behind, and recovers one worker after the other. */
    private static final Duration LOOK_SLACK = Duration.ofSeconds(5);

    private final Audit audit;
    private final Ledgers ledgers;
    private final List<Duration> recoveries = new ArrayList<>();

    TakeOvers(Audit audit, Ledgers ledgers) {
        this.audit = audit;
        this.ledgers = ledgers;
    }

    /** How long after its worker's last heartbeat each lost attempt's step was taken over. */
    List<Duration> recoveries() {
        return List.copyOf(recoveries);
    }

    @Override
    public void workerWritten(WorkerLedger worker, @Nullable WorkerRecord before, @Nullable WorkerRecord after) {
        if (before == null || after == null || before.revokedAt() != null || after.revokedAt() == null) {
            return;
        }
        Instant over = before.leaseUntil().plus(audit.cluster().timing().margin());
        if (audit.now().plus(audit.clocks()).isBefore(over)) {
            audit.violated("worker " + before.id(), "it was revoked, and its lease ran until " + before.leaseUntil());
        }
        Duration late = Duration.between(over, audit.now().minus(audit.clocks()));
        Duration bound = audit.cluster().timing().lookEvery().plus(LOOK_SLACK);
        if (late.compareTo(bound) > 0
                && audit.quietSince(over.toEpochMilli())
                && ledgers.neighbourWorks(worker, over.toEpochMilli())) {
            audit.violated(
                    "worker " + before.id(), "it fell silent beside others, and was revoked only " + late + " later");
        }
    }

    @Override
    public void recordWritten(StepLedger step, @Nullable StepRecord before, StepRecord after) {
        if (before != null && before.state() instanceof StepState.Running running && lost(before, after)) {
            takenOver(step, before, running, after);
        }
    }

    private static boolean lost(StepRecord before, StepRecord after) {
        if (after.history().isEmpty()) {
            return false;
        }
        FailedAttempt note = after.history().getLast();
        return note.attempt() == before.attempt()
                && note.cause() == StepError.Kind.WORKER_LOST
                && !before.history().contains(note);
    }

    private void takenOver(StepLedger step, StepRecord before, StepState.Running running, StepRecord after) {
        if (workedUndisturbed(step, before)) {
            audit.violated(after.id(), "it was taken over from a worker that works and met no fault");
        }
        Duration margin = audit.cluster().timing().margin();
        boolean overdue =
                !audit.now().plus(audit.clocks()).isBefore(running.deadline().plus(margin));
        WorkerLedger worker = ledgers.workerOf(before);
        if (worker == null) {
            if (!overdue) {
                audit.violated(after.id(), "its attempt was ended as lost before its deadline");
            }
            return;
        }
        WorkerRecord revoked = worker.revoked;
        if (revoked == null && worker.item != null && !overdue) {
            audit.violated(after.id(), "it was taken over from a worker that was not revoked");
        }
        if (revoked != null) {
            Instant over = revoked.leaseUntil().plus(margin);
            Instant mayBeSeen = step.writtenAt.isAfter(over) ? step.writtenAt : over; // a call that stood still
            audit.within(
                    after.id(), mayBeSeen.toEpochMilli(), audit.sweep(), "its worker was lost, and that was noticed");
        }
        recoveries.add(Duration.ofMillis(audit.millis() - worker.signAt));
    }

    /** Since it decided to claim, which a pause may have kept from the table for longer than the lease. */
    private boolean workedUndisturbed(StepLedger step, StepRecord record) {
        SimulatedProcess worker = step.worker(record.attempt());
        Instant claimed = record.attempts().newest().startedAt();
        return worker != null
                && claimed != null
                && audit.clocks().compareTo(audit.cluster().timing().margin()) < 0
                && worker.undisturbedSince(claimed.minus(audit.clocks()).toEpochMilli());
    }
}
