package dev.stepstile.simulation.ports;

import dev.stepstile.step.Precondition;
import dev.stepstile.step.StepRecord;
import dev.stepstile.step.StepState;
import java.time.Instant;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Decides whether the stored record is as a conditional write expects. */
@FunctionalInterface
public interface Conditions {
    Conditions ALL = Conditions::hold;

    boolean met(@Nullable StepRecord stored, Precondition expect);

    private static boolean hold(@Nullable StepRecord stored, Precondition expect) {
        return switch (expect) {
            case Precondition.Absent _ -> stored == null;
            case Precondition.Fence(int attempt, String owner, StepState.Name state, long cancelSeq) ->
                stored != null
                        && stored.attempt() == attempt
                        && stored.owner().equals(owner)
                        && stored.state().name() == state
                        && stored.cancelSeq() == cancelSeq;
            case Precondition.AsRead(
                    int attempt,
                    String owner,
                    StepState.Name state,
                    long cancelSeq,
                    Instant deadline) ->
                stored != null
                        && stored.attempt() == attempt
                        && stored.owner().equals(owner)
                        && stored.state().name() == state
                        && stored.cancelSeq() == cancelSeq
                        && Objects.equals(lease(stored), deadline);
        };
    }

    private static @Nullable Instant lease(StepRecord record) {
        return record.state() instanceof StepState.Running running ? running.deadline() : null;
    }
}
