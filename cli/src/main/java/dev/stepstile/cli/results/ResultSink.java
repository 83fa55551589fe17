package dev.stepstile.cli.results;

import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/** Where results go as steps end. */
public interface ResultSink extends Closeable {
    /** Nowhere: they stay where they are, and can be exported later. */
    ResultSink NONE = new ResultSink() {
        @Override
        public boolean hasSuccess(String key) {
            return false;
        }

        @Override
        public void append(List<Result> results) {}

        @Override
        public void complete() {}

        @Override
        public void close() {}
    };

    /**
     * A file, or what an earlier process of the same run has written into it.
     *
     * @throws ResultsFileException if it has something else in it, or another process writes it
     */
    static ResultSink open(Path file, ResultFormat format, String runId) {
        return switch (format) {
            case JSONL -> ResultFile.lines(file, new JsonResultLines(), runId);
            case CSV -> ResultFile.lines(file, new CsvResultLines(), runId);
            case PARQUET -> ParquetResults.open(file, runId);
        };
    }

    /** Whether an earlier process has written the success of the step. */
    boolean hasSuccess(String key);

    void append(List<Result> results);

    /** Once the end of each step is appended. */
    void complete() throws IOException;

    /** Once nothing more is appended. */
    @Override
    void close() throws IOException;
}
