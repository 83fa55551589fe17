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
            case Precondition.Fence fence -> stored != null && hold(stored, fence);
            case Precondition.AsRead(Precondition.Fence fence, Instant deadline) ->
                stored != null && hold(stored, fence) && Objects.equals(lease(stored), deadline);
        };
    }

    private static boolean hold(StepRecord stored, Precondition.Fence fence) {
        return stored.attempt() == fence.attempt()
                && stored.owner().equals(fence.owner())
                && stored.state().name() == fence.state()
                && stored.cancelSeq() == fence.cancelSeq()
                && asked(stored) == fence.asked();
    }

    private static boolean asked(StepRecord record) {
        return record.state() instanceof StepState.Running running && running.cancelRequested();
    }

    private static @Nullable Instant lease(StepRecord record) {
        return record.state() instanceof StepState.Running running ? running.deadline() : null;
    }
}
