package dev.stepstile.simulation.audit;

import dev.stepstile.step.StepError;
import dev.stepstile.step.StepRecord;
import dev.stepstile.step.StepState;
import java.time.Duration;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/** A failed attempt is followed by another when its handler asked for it, or within its policy's longest backoff; not before. */
final class RetryDelays implements Check {
    private final Audit audit;

    RetryDelays(Audit audit) {
        this.audit = audit;
    }

    @Override
    public void recordWritten(StepLedger step, @Nullable StepRecord before, StepRecord after) {
        if (before == null) {
            return;
        }
        if (before.state() instanceof StepState.Retrying(Instant notBefore)
                && after.state() instanceof StepState.Running
                && audit.now().plus(audit.clocks()).isBefore(notBefore)) {
            audit.violated(after.id(), "it was claimed although it waits until " + notBefore);
        }
        if (before.state() instanceof StepState.Running
                && after.state() instanceof StepState.Retrying(Instant notBefore)
                && !after.history().isEmpty()
                && after.history().getLast().cause() == StepError.Kind.HANDLER_FAILED) {
            delayed(step, after, Duration.between(audit.now(), notBefore));
        }
    }

    private void delayed(StepLedger step, StepRecord after, Duration delay) {
        Duration asked = Duration.ofMillis(step.retryAfterMillis);
        boolean stoodStill = audit.caller().stoodStillUntil() > audit.millis() - 1_000;
        if (asked.isPositive()
                && !stoodStill
                && delay.plus(audit.clocks()).plusSeconds(2).compareTo(asked) < 0) {
            audit.violated(after.id(), "its handler asked for " + asked + " and its retry comes after " + delay);
        }
        Duration most = asked.isPositive() ? asked : after.settings().retry().cap();
        if (delay.minus(audit.clocks()).compareTo(most) > 0) {
            audit.violated(after.id(), "its retry comes after " + delay + ", and the longest allowed is " + most);
        }
    }
}
