package dev.stepstile.process;

import java.io.IOException;
import java.nio.file.Path;
import java.util.SortedMap;

/** Brings a step's process about. */
interface Launcher extends AutoCloseable {

    /**
     * @param folder the attempt's own; holds its input, and takes what it reports
     * @param variables by which the process finds them
     * @throws InterruptedException once nothing runs, or will
     */
    RunningProcess launch(Path folder, SortedMap<String, String> variables)
            throws IOException, ProcessFailed, InterruptedException;

    /** Few steps or none follow: what is kept for them ends as soon as no step runs in it. */
    void retire();

    /** Whether nothing that it started runs any more. */
    boolean idle();

    /** Ends what it started. */
    @Override
    void close();
}
