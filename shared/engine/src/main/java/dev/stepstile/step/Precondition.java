package dev.stepstile.step;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/** What a conditional write requires of the stored record. */
public sealed interface Precondition {

    /** There is no record yet. */
    record Absent() implements Precondition {}

    /**
     * The stored record has this attempt, owner, state and cancel number. An owner writes so.
     */
    record Fence(int attempt, String owner, StepState.Name state, long cancelSeq) implements Precondition {}

    /**
     * As {@link Fence}, and the deadline is the one that was read: a worker of a version before renews its lease in its
     * place, and a late heartbeat keeps the fence. {@code deadline} is null unless RUNNING.
     */
    record AsRead(
            int attempt,
            String owner,
            StepState.Name state,
            long cancelSeq,
            @Nullable Instant deadline) implements Precondition {}

    static Precondition asRead(StepRecord read) {
        return new AsRead(
                read.attempt(),
                read.owner(),
                read.state().name(),
                read.cancelSeq(),
                read.state() instanceof StepState.Running running ? running.deadline() : null);
    }

    static Precondition fence(StepRecord held) {
        return new Fence(held.attempt(), held.owner(), held.state().name(), held.cancelSeq());
    }
}
