package dev.stepstile.simulation.audit;

import dev.stepstile.simulation.ports.RunningHandler;
import dev.stepstile.simulation.scheduler.Scheduler;
import dev.stepstile.step.StepRecord;
import dev.stepstile.step.StepState;
import dev.stepstile.usecase.Timing;
import java.time.Duration;
import java.util.Collection;
import org.jspecify.annotations.Nullable;

/**
 * User code is stopped when its attempt lost its lease, when its step is cancelled, and when its time is up: within a
 * heartbeat, or of the moment at which its process is well again.
 */
final class HandlerStops implements Check {
    private static final Duration SLACK = Duration.ofSeconds(7);

    private final Audit audit;

    HandlerStops(Audit audit) {
        this.audit = audit;
    }

    @Override
    public void recordWritten(StepLedger step, @Nullable StepRecord before, StepRecord after) {
        for (RunningHandler work : step.working) {
            boolean goesOn = after.attempt() == work.attempt
                    && after.state() instanceof StepState.Running running
                    && !running.cancelRequested();
            if (!goesOn) {
                work.stopFrom = Math.min(work.stopFrom, audit.millis());
            }
        }
    }

    @Override
    public void workEnded(StepLedger step, RunningHandler work, @Nullable String result) {
        inTime(step, work);
    }

    @Override
    public void look(Collection<RunLedger> runs) {
        for (RunLedger run : runs) {
            for (StepLedger step : run.steps()) {
                for (RunningHandler work : step.working) {
                    if (work.by.running()) {
                        inTime(step, work);
                    }
                }
            }
        }
    }

    private void inTime(StepLedger step, RunningHandler work) {
        Timing timing = audit.cluster().timing();
        long well = Math.max(work.by.disturbedAt(), work.by.thawedAt());
        boolean asked = step.flaggedAt != work.stopFrom || step.flaggedUndisturbed();
        Duration bound = asked ? timing.heartbeat() : audit.cluster().recoveryBound();
        if (work.stopFrom != Scheduler.NEVER
                && audit.millis()
                        > Math.max(work.stopFrom, well) + bound.plus(SLACK).toMillis()) {
            audit.violated(
                    work.id,
                    "attempt " + work.attempt + " goes on " + Duration.ofMillis(audit.millis() - work.stopFrom)
                            + " after it lost its lease, ended or was cancelled");
            work.stopFrom = Scheduler.NEVER; // said once
        }
        StepRecord record = step.last;
        if (record != null
                && record.attempt() == work.attempt
                && audit.millis()
                        > Math.max(work.since + record.settings().timeout().toMillis(), well) + SLACK.toMillis()) {
            audit.violated(work.id, "attempt " + work.attempt + " worked for longer than its timeout");
        }
    }
}
