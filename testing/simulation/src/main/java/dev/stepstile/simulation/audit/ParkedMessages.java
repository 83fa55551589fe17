package dev.stepstile.simulation.audit;

import dev.stepstile.simulation.scheduler.Scheduler;
import dev.stepstile.simulation.scheduler.SimulatedProcess;
import dev.stepstile.step.StepId;
import dev.stepstile.step.StepRecord;
import dev.stepstile.step.StepState;
import java.time.Duration;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/** A message that is put back comes again soon after it can be of use: not when its visibility timeout happens to end. */
final class ParkedMessages implements Check {
    /** Beyond the time at which its step can be claimed. */
    private static final Duration BOUND = Duration.ofSeconds(75);

    private final Audit audit;

    ParkedMessages(Audit audit) {
        this.audit = audit;
    }

    @Override
    public void messageKept(StepLedger step, StepId id, SimulatedProcess by, long since, long visibleAt) {
        long of = Math.max(audit.millis(), useful(step.last));
        boolean mayNotPutBack = by.queueDisturbedAt() >= since || by.stoodStillUntil() >= since;
        if (!mayNotPutBack && visibleAt > of + BOUND.plus(audit.clocks()).toMillis()) {
            audit.violated(
                    id,
                    "its message was hidden until " + Instant.ofEpochMilli(visibleAt) + " while it is "
                            + Auditor.shown(step.last));
        }
    }

    private long useful(@Nullable StepRecord record) {
        if (record == null) {
            return 0;
        }
        return switch (record.state()) {
            case StepState.Running _ -> 0; // its worker may be gone, whose message this one is for
            case StepState.Retrying(Instant notBefore) -> notBefore.toEpochMilli();
            case StepState.Ended _ -> Scheduler.NEVER / 2;
        };
    }
}
