package dev.stepstile.process;

import dev.stepstile.api.StepResult;
import java.io.IOException;
import java.io.InputStream;
import java.util.Optional;
import java.util.SortedMap;

/** What one attempt tells its process and hears from it, by one protocol. */
interface Conversation extends AutoCloseable {

    /** The environment variables by which the process finds its input, and where to report. */
    SortedMap<String, String> variables();

    /** The process's standard output, which passes through here on its way to the log. */
    InputStream output(InputStream stdout);

    /** Takes in what the process has reported since. */
    void read() throws IOException;

    /** As {@link #read}, once the process has ended. */
    void readRest() throws IOException;

    /** Whether the process has said that it reports nothing more. */
    boolean closed();

    /**
     * The attempt's result, once the process has ended.
     *
     * @param stderrTail the last lines of the process's standard error
     */
    StepResult result(ProcessExit exit, String stderrTail) throws ProcessFailed;

    /**
     * The result of a process that was asked to stop, if it had finished one before it ended. A process that ends without
     * having reported a value has only stopped.
     */
    Optional<StepResult> resultOfStopped(ProcessExit exit);

    @Override
    void close() throws IOException;
}
