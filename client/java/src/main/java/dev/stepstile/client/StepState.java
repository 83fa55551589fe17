package dev.stepstile.client;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/** The state of a step, with what belongs to it. */
public sealed interface StepState {
    /** The state's name. */
    StepStatus status();

    /** A step that has ended runs no more, unless it is redriven. */
    sealed interface Ended extends StepState permits Succeeded, Failed, Dead, Cancelled {
        /** When it ended. */
        Instant finishedAt();
    }

    /** A step that has not ended and that no attempt owns. */
    sealed interface Waiting extends StepState permits Queued, Retrying {
        /** No attempt begins before it; null if one may begin at once, or if it is not known. */
        @Nullable
        Instant notBefore();

        /**
         * Since when it waits for a worker: since it was dispatched, or since its delay or the pause before its retry is over,
         * which may be ahead. In a list of steps; null in other answers.
         */
        @Nullable
        Instant queuedSince();

        /** Whether its run, its handler or everything is paused. In a list of steps, and of a retrying one alone; else false. */
        boolean paused();
    }

    /**
     * Handed over, not yet started.
     *
     * @param notBefore no attempt begins before it; null if it may begin at once
     */
    record Queued(@Nullable Instant notBefore, @Nullable Instant queuedSince, boolean paused) implements Waiting {
        @Override
        public StepStatus status() {
            return StepStatus.QUEUED;
        }
    }

    /**
     * An attempt owns the step. What its worker says of it (its progress, last line and lease) is not in a list of steps, nor in
     * a lookup.
     *
     * @param worker who runs it
     * @param progress 0 before the first heartbeat, with what it last printed
     * @param deadline when the invocation that runs it ends at the latest; null if it is not known
     * @param cancelRequested whether it was asked to stop
     * @param suspect whether a worker was lost that ran it, so that it runs alone
     */
    record Running(
            RunningStep.Worker worker,
            RunningStep.Progress progress,
            @Nullable Instant deadline,
            boolean cancelRequested,
            boolean suspect)
            implements StepState {
        @Override
        public StepStatus status() {
            return StepStatus.RUNNING;
        }

        /** What it last printed; empty for nothing. */
        public String lastLine() {
            return progress.lastLine();
        }
    }

    /**
     * An attempt failed, the next one follows.
     *
     * @param notBefore when at the earliest; null if it is not known
     * @param suspect whether a worker was lost that ran it, so that it will run alone
     */
    record Retrying(@Nullable Instant notBefore, @Nullable Instant queuedSince, boolean paused, boolean suspect)
            implements Waiting {
        @Override
        public StepStatus status() {
            return StepStatus.RETRYING;
        }
    }

    /** The step has its one result. */
    record Succeeded(Instant finishedAt, StepResult result) implements Ended {
        @Override
        public StepStatus status() {
            return StepStatus.SUCCEEDED;
        }
    }

    /** The handler said that trying again is pointless. */
    record Failed(Instant finishedAt, StepError error) implements Ended {
        @Override
        public StepStatus status() {
            return StepStatus.FAILED;
        }
    }

    /**
     * The attempts are used up, or there is nothing to try with.
     *
     * @param deadLetteredAt when its dead letter was written; null before, and where a feed reported the end
     */
    record Dead(
            Instant finishedAt, StepError error, @Nullable Instant deadLetteredAt) implements Ended {
        @Override
        public StepStatus status() {
            return StepStatus.DEAD;
        }
    }

    /** The step's run was cancelled. */
    record Cancelled(Instant finishedAt) implements Ended {
        @Override
        public StepStatus status() {
            return StepStatus.CANCELLED;
        }
    }

    /**
     * The step's record is damaged, so nobody can tell its state.
     *
     * @param damage what is wrong, and what to do
     */
    record Unknown(String damage) implements StepState {
        @Override
        public StepStatus status() {
            return StepStatus.UNKNOWN;
        }
    }

    /**
     * A state that this version of the client does not know.
     *
     * @param name as the API says it
     */
    record Unrecognised(String name) implements StepState {
        @Override
        public StepStatus status() {
            return StepStatus.UNRECOGNISED;
        }
    }
}
