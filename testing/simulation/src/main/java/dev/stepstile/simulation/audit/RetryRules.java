package dev.stepstile.simulation.audit;

import dev.stepstile.step.FailedAttempt;
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

    /** How the message of a failure begins that the handler has not thrown. */
    private static final List<String> TROUBLE = List.of("The worker failed: ", "Payload store: ");

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
        FailedAttempt ended = after.history().getLast();
        Kind kind = ended.cause();
        boolean thrown = kind == Kind.HANDLER_FAILED && TROUBLE.stream().noneMatch(ended.message()::startsWith);
        boolean anyway = LOSSES.contains(kind) || step.retryAfterMillis > 0 || (kind == Kind.HANDLER_FAILED && !thrown);
        List<String> on = given.retry().rule().on();
        boolean excluded = names(given.retry().rule().never(), kind, thrown)
                || (!on.isEmpty() && !anyway && !names(on, kind, thrown));
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

    private static boolean names(List<String> listed, Kind kind, boolean thrown) {
        return listed.stream().anyMatch(name -> name.equals(kind.name()) || (thrown && THROWN.contains(name)));
    }
}
