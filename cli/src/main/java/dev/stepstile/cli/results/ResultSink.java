package dev.stepstile.cli.results;

import java.io.Closeable;
import java.io.IOException;
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
        public void close() {}
    };

    /** Whether an earlier process has written the success of the step. */
    boolean hasSuccess(String key);

    void append(List<Result> results);

    /** Once nothing more is appended. */
    @Override
    void close() throws IOException;
}
