package dev.stepstile.step;

import java.time.Instant;

/** What an event does to a step. */
public sealed interface Transition {

    /** Write {@code next}, provided that the stored record still meets {@code expect}. */
    record Write(StepRecord next, Precondition expect) implements Transition {}

    /** Another attempt owns the step. */
    record Held(StepRecord by) implements Transition {}

    /** Too early for an attempt. */
    record NotDue(Instant notBefore) implements Transition {}

    /** The step lost a worker before, and is run only when nothing runs beside it. */
    record Suspect(StepRecord record) implements Transition {}

    /** The step was first claimed for another dispatch, which alone drives it. */
    record Attached(StepRecord record) implements Transition {}

    /** The step has ended. */
    record Finished(StepRecord record) implements Transition {}

    /** The event comes from an attempt that no longer owns the step. */
    record Stale(StepRecord newer) implements Transition {}

    /** Nothing to do. */
    record Unchanged() implements Transition {}
}
