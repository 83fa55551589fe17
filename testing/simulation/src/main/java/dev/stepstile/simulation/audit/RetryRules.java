package dev.stepstile.simulation.audit;

import dev.stepstile.step.StepError.Kind;
import dev.stepstile.step.StepRecord;
import dev.stepstile.step.StepState;
import dev.stepstile.usecase.Dispatcher.NewStep;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** A step ends at a failure that its client's {@code retry.on} or {@code retry.never} excludes, and at no other that may be retried. */
final class RetryRules implements Check {
    /** What simulated handlers throw. */
    private static final Set<String> THROWN = Set.of("java.io.IOException", "IOException", "Exception");

    private static final Set<Kind> LOSSES = Set.of(Kind.WORKER_LOST, Kind.WORKER_STOPPED);

    private final Audit audit;
    private final Ledgers ledgers;

    RetryRules(Audit audit, Ledgers ledgers) {
        this.audit = audit;
        this.ledgers = ledgers;
    }

    @Override
    public void recordWritten(StepLedger step, @Nullable StepRecord before, StepRecord after) {
        if (before == null
                || !(before.state() instanceof StepState.Running)
                || after.history().isEmpty()
                || step.redrivenAt != StepLedger.NEVER) { // by whom its settings may have been changed
            return;
        }
        NewStep given = ledgers.run(after.id().runId())
                .given(after.settings().dispatchId(), after.id().stepKey());
        if (given == null) {
            return;
        }
        Kind kind = after.history().getLast().cause();
        boolean excluded = names(given.retry().rule().never(), kind) || isNotNamed(step, given, kind);
        boolean goesOn = after.state() instanceof StepState.Retrying || after.state() instanceof StepState.Dead;
        boolean mayBeRetried = kind == Kind.HANDLER_FAILED || kind == Kind.TIMEOUT || LOSSES.contains(kind);
        if (excluded && mayBeRetried && goesOn) {
            audit.violated(
                    after.id(),
                    "its client excludes the failure " + kind + ", and it is "
                            + after.state().name());
        }
        if (!excluded
                && mayBeRetried
                && after.state() instanceof StepState.Failed failed
                && failed.error().kind() != Kind.DEADLINE) {
            audit.violated(after.id(), "it is FAILED by " + kind + ", which its client does not exclude");
        }
    }

    private static boolean isNotNamed(StepLedger step, NewStep given, Kind kind) {
        List<String> on = given.retry().rule().on();
        boolean anyway = LOSSES.contains(kind) || step.retryAfterMillis > 0;
        return !on.isEmpty() && !anyway && !names(on, kind);
    }

    private static boolean names(List<String> listed, Kind kind) {
        return listed.stream()
                .anyMatch(name -> name.equals(kind.name()) || (kind == Kind.HANDLER_FAILED && THROWN.contains(name)));
    }
}
