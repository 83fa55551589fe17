package dev.stepstile.client;

import java.time.Instant;

/** The state of a step, with what belongs to it. */
public sealed interface StepState {
    /** The state's name. */
    StepStatus status();

    /** A step that has ended runs no more, unless it is redriven. */
    sealed interface Ended extends StepState permits Succeeded, Failed, Dead, Cancelled {
        /** When it ended. */
        Instant finishedAt();
    }

    /** Handed over, not yet started. */
    record Queued() implements StepState {
        @Override
        public StepStatus status() {
            return StepStatus.QUEUED;
        }
    }

    /**
     * An attempt owns the step.
     *
     * @param progress 0 to 1, as the handler reports it; 0 in a list of steps and in a lookup, which do not have it
     * @param progressNote what the handler says of its progress; empty for nothing
     */
    record Running(double progress, String progressNote) implements StepState {
        @Override
        public StepStatus status() {
            return StepStatus.RUNNING;
        }
    }

    /** An attempt failed, the next one follows. */
    record Retrying() implements StepState {
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

    /** The attempts are used up, or there is nothing to try with. */
    record Dead(Instant finishedAt, StepError error) implements Ended {
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
