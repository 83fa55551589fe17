package dev.stepstile.step;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/** What a conditional write requires of the stored record. */
public sealed interface Precondition {

    /** There is no record yet. */
    record Absent() implements Precondition {}

    /**
     * The stored record has this attempt, owner, state and cancel number, and is asked to stop or not. An owner writes so.
     *
     * @param asked whether a running attempt is asked to stop: a cancel of one step leaves the cancel number as it is
     */
    record Fence(int attempt, String owner, StepState.Name state, long cancelSeq, boolean asked)
            implements Precondition {}

    /**
     * As {@link Fence}, and the deadline is the one that was read: a worker of a version before renews its lease in its
     * place, and a late heartbeat keeps the fence. {@code deadline} is null unless RUNNING.
     */
    record AsRead(Fence fence, @Nullable Instant deadline) implements Precondition {}

    static Precondition asRead(StepRecord read) {
        return new AsRead(fence(read), read.state() instanceof StepState.Running running ? running.deadline() : null);
    }

    static Fence fence(StepRecord held) {
        return new Fence(held.attempt(), held.owner(), held.state().name(), held.cancelSeq(), isAskedToStop(held));
    }

    /** Whether a running attempt is asked to stop. */
    static boolean isAskedToStop(StepRecord record) {
        return record.state() instanceof StepState.Running running && running.cancelRequested();
    }
}
