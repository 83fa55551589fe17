package dev.stepstile.process;

import java.io.IOException;
import java.nio.file.Path;
import java.util.SortedMap;

/** Brings a step's process about. */
interface Launcher extends AutoCloseable {

    /**
     * @param folder the attempt's own; holds its context, and takes its messages
     * @param pipes the environment variables by which the process finds them
     * @throws InterruptedException once nothing runs, or will
     */
    RunningProcess launch(Path folder, SortedMap<String, String> pipes)
            throws IOException, ProcessFailed, InterruptedException;

    /** Ends what it started. */
    @Override
    void close();
}
