package dev.stepstile.cli.results;

import dev.stepstile.client.StepStatus;
import java.io.IOException;
import java.io.InputStream;
import java.util.function.Consumer;

/** A text format with a line for each result, so that a line that was not written to its end can be told from a whole one. */
interface ResultLines {
    /**
     * What a file says of a step; the result itself is skipped.
     *
     * @param attempt that ended it
     */
    record Written(String runId, String key, int attempt, StepStatus state) {}

    /** The first line, with its end; empty if there is none. */
    String header();

    /** What a file with results of a run begins with. */
    String beginning(String runId);

    /** A line, with its end, and with no line break before it. */
    String line(Result result);

    /**
     * Reads the lines of a file, of which there is one and the last is whole.
     *
     * @throws ResultsFileException if there is a line that is none of this format
     */
    void read(InputStream in, Consumer<Written> written) throws IOException;

    /** JSON and messages on one line: a line break outside of a string of JSON is white space. */
    static String onOneLine(String text) {
        return text.replace('\n', ' ').replace('\r', ' ');
    }
}
