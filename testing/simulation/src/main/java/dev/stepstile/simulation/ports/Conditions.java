package dev.stepstile.simulation.ports;

import dev.stepstile.step.Precondition;
import dev.stepstile.step.StepRecord;
import org.jspecify.annotations.Nullable;

/** Decides whether the stored record is as a conditional write expects. */
@FunctionalInterface
public interface Conditions {
    Conditions ALL = Conditions::hold;

    boolean met(@Nullable StepRecord stored, Precondition expect);

    private static boolean hold(@Nullable StepRecord stored, Precondition expect) {
        return switch (expect) {
            case Precondition.Absent _ -> stored == null;
            case Precondition.Fence fence ->
                stored != null && Precondition.fence(stored).equals(fence);
            case Precondition.AsRead read ->
                stored != null && Precondition.asRead(stored).equals(read);
        };
    }
}
