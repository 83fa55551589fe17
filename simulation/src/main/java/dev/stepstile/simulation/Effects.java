package dev.stepstile.simulation;

import dev.stepstile.step.Dispatch;
import dev.stepstile.step.Run;
import dev.stepstile.step.StepId;
import dev.stepstile.step.StepRecord;
import dev.stepstile.store.LogPage;
import org.jspecify.annotations.Nullable;

/** Is told of every effect that the simulated ports accepted, in order, at its virtual time. */
interface Effects {
    void runWritten(Run run);

    void dispatchWritten(@Nullable Dispatch before, Dispatch after);

    void recordWritten(@Nullable StepRecord before, StepRecord after);

    /** The table deleted a record by its age. */
    void recordExpired(StepRecord record);

    void pageWritten(LogPage page);

    void messageSent(String body);

    void messageDeleted(String body);

    /** An attempt's handler begins to work. */
    void workBegun(StepId id, int attempt, SimulatedProcess by);

    /** A handler is done, one way or the other. */
    void workEnded(StepId id, SimulatedProcess by);

    /** The queue forgot a message by its age, or the test lost it. */
    void messageLost(String body);

    void letterBuried(String body);

    /** A letter left the dead-letter queue. */
    void letterTaken(String body);
}
