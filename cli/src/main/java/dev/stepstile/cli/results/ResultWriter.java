package dev.stepstile.cli.results;

import java.io.Closeable;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;

/** Writes results once, from the first to the last. */
public interface ResultWriter extends Closeable {
    void write(Result result) throws IOException;

    /** Of a format, to a stream that {@link #close} closes. */
    static ResultWriter of(ResultFormat format, String runId, OutputStream out) throws IOException {
        return switch (format) {
            case JSONL -> lines(new JsonResultLines(), out);
            case CSV -> lines(new CsvResultLines(), out);
            case PARQUET -> new ParquetWriter(runId, out);
        };
    }

    private static ResultWriter lines(ResultLines lines, OutputStream out) throws IOException {
        out.write(lines.header().getBytes(StandardCharsets.UTF_8));
        return new ResultWriter() {
            @Override
            public void write(Result result) throws IOException {
                out.write(lines.line(result).getBytes(StandardCharsets.UTF_8));
            }

            @Override
            public void close() throws IOException {
                out.close();
            }
        };
    }
}
