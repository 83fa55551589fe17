package dev.stepstile.simulation.ports;

import dev.stepstile.port.LogPage;
import dev.stepstile.port.Notifier.Notice;
import dev.stepstile.port.Notifier.Outcome;
import dev.stepstile.simulation.scheduler.SimulatedProcess;
import dev.stepstile.step.Dispatch;
import dev.stepstile.step.Pause;
import dev.stepstile.step.Run;
import dev.stepstile.step.StepRecord;
import dev.stepstile.step.WorkerRecord;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Is told of every effect that the simulated ports accepted, in order, at its virtual time. */
public interface Observer {
    void runWritten(Run run);

    void pauseWritten(Pause pause);

    void dispatchWritten(@Nullable Dispatch before, Dispatch after);

    void recordWritten(@Nullable StepRecord before, StepRecord after);

    /** A conditional write of a record was refused. */
    void recordRefused(@Nullable StepRecord stored, StepRecord refused);

    /** The table deleted a record by its age. */
    void recordExpired(StepRecord record);

    void pageWritten(LogPage page);

    /** A worker's item was written, or deleted: {@code after} is null then. */
    void workerWritten(@Nullable WorkerRecord before, @Nullable WorkerRecord after);

    void messageSent(String group, String body);

    void messageDeleted(String body);

    /** The queue forgot a message by its age, or the test lost it. */
    void messageLost(String body);

    /** Something was put that may have so many bytes at most, or so many members. */
    void sized(String what, long size, long most);

    /** The queue was asked whether it shows messages. */
    void queueAsked(boolean showsMessages);

    /** These messages were received by a worker that died, or were never executed: they come again, but late. */
    void batchAbandoned(List<String> bodies);

    /**
     * A worker put a message back.
     *
     * @param since when it took it up, in virtual milliseconds
     * @param visibleAt when it can be received again
     */
    void messageKept(String body, SimulatedProcess by, long since, long visibleAt);

    /** An attempt's handler begins to work. */
    void workBegun(RunningHandler work);

    /** A handler is done; {@code result} is null if it threw. */
    void workEnded(RunningHandler work, @Nullable String result);

    void deadLetterMarked(String body);

    /** A target was told that a dispatch has ended, and answered so. */
    void told(Notice notice, Outcome outcome);

    /** A letter left the dead-letter queue. */
    void deadLetterTaken(String body);
}
