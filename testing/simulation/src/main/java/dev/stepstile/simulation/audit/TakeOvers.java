package dev.stepstile.simulation.audit;

import dev.stepstile.simulation.scheduler.SimulatedProcess;
import dev.stepstile.step.FailedAttempt;
import dev.stepstile.step.StepError;
import dev.stepstile.step.StepRecord;
import dev.stepstile.step.StepState;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A step is taken from a lost worker only, not before its lease and the margin are over, and with the next sweep after that.
 */
final class TakeOvers implements Check {
    private final Audit audit;
    private final List<Duration> recoveries = new ArrayList<>();

    TakeOvers(Audit audit) {
        this.audit = audit;
    }

    /** How long after its last heartbeat each lost attempt's step was taken over. */
    List<Duration> recoveries() {
        return List.copyOf(recoveries);
    }

    @Override
    public void recordWritten(StepLedger step, @Nullable StepRecord before, StepRecord after) {
        if (before != null
                && before.state() instanceof StepState.Running running
                && (Fences.claims(before, after) || lost(before, after))) {
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
        Instant over = running.leaseUntil().plus(audit.cluster().timing().margin());
        Instant now = audit.now();
        if (now.plus(audit.clocks()).isBefore(over)) {
            audit.violated(
                    after.id(), "it was taken over from a worker whose lease was valid until " + running.leaseUntil());
        }
        boolean overWhenWritten = step.writtenAt.isAfter(over); // a call that stood still
        Instant mayBeSeen = overWhenWritten ? step.writtenAt : over;
        audit.within(after.id(), mayBeSeen.toEpochMilli(), audit.sweep(), "its worker was lost, and that was noticed");
        Instant heard = overWhenWritten
                ? step.writtenAt
                : running.leaseUntil().minus(audit.cluster().timing().lease());
        recoveries.add(Duration.between(heard, now));
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
