package dev.stepstile.simulation.audit;

import dev.stepstile.port.LogPage;
import dev.stepstile.port.Notifier.Notice;
import dev.stepstile.port.Notifier.Outcome;
import dev.stepstile.simulation.ports.RunningHandler;
import dev.stepstile.simulation.scheduler.SimulatedProcess;
import dev.stepstile.step.Dispatch;
import dev.stepstile.step.StepId;
import dev.stepstile.step.StepRecord;
import dev.stepstile.step.StepSpec;
import dev.stepstile.step.WorkerRecord;
import java.util.Collection;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** One kind of guarantee, held against every effect before the ledgers take the effect down. */
interface Check {
    default void dispatchWritten(RunLedger run, @Nullable Dispatch before, Dispatch after) {}

    default void recordWritten(StepLedger step, @Nullable StepRecord before, StepRecord after) {}

    default void recordRefused(StepLedger step, @Nullable StepRecord stored, StepRecord refused) {}

    /** A worker's item is written, or deleted: {@code after} is null then. */
    default void workerWritten(WorkerLedger worker, @Nullable WorkerRecord before, @Nullable WorkerRecord after) {}

    default void pageWritten(StepLedger step, LogPage page) {}

    /** A message for a step was put into the queue; not for a dead letter that was moved back. */
    default void messageSent(StepLedger step, StepSpec spec) {}

    /** A message for a step was put into the queue, also by moving a dead letter back. */
    default void messageQueued(StepSpec spec, String group) {}

    /** A message is gone, and counted no more. */
    default void messageDeleted(StepLedger step, StepId id) {}

    /** A message is gone that nobody deleted, and is counted no more. */
    default void messageLost(StepLedger step, StepId id) {}

    default void queueAsked(boolean showsMessages) {}

    /** A message of this step was received and not executed; it comes again when its visibility timeout ends. */
    default void messageAbandoned(StepLedger step, StepId id) {}

    /**
     * A worker put a message back.
     *
     * @param since when it took it up, in virtual milliseconds
     * @param visibleAt when it can be received again
     */
    default void messageKept(StepLedger step, StepId id, SimulatedProcess by, long since, long visibleAt) {}

    default void workBegun(StepLedger step, RunningHandler work) {}

    default void workEnded(StepLedger step, RunningHandler work, @Nullable String result) {}

    default void deadLetterMarked(StepLedger step, StepSpec spec, int attempt) {}

    /** A target was told that a dispatch has ended, and answered so. */
    default void told(Notice notice, Outcome outcome) {}

    /** @param asked when, in virtual milliseconds */
    default void cancelAnswered(RunLedger run, long asked) {}

    /**
     * @param keys of the steps that it reached
     * @param asked when, in virtual milliseconds
     */
    default void stepsCancelAnswered(RunLedger run, Set<String> keys, long asked) {}

    /** @param asked when, in virtual milliseconds */
    default void redriveAnswered(RunLedger run, long asked) {}

    /** Time has passed: what should have happened by now? */
    default void look(Collection<RunLedger> runs) {}
}
