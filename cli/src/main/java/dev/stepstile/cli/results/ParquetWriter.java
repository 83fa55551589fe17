package dev.stepstile.cli.results;

import dev.stepstile.client.JsonValue;
import dev.stepstile.client.StepError;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Apache Parquet, the few parts of it that a flat table needs. A library is not used: the one of the Parquet project brings
 * Hadoop with it, and the one without only reads.
 */
final class ParquetWriter implements ResultWriter {
    static final String RUN = "stepstile.run";

    /** Of a row group, which is held in memory. */
    private static final int GROUP_BYTES = 8 * 1024 * 1024;

    private static final byte[] MAGIC = "PAR1".getBytes(StandardCharsets.US_ASCII);

    private final String runId;
    private final OutputStream out;
    private final ParquetColumn run = new ParquetColumn("run", ParquetColumn.Type.STRING, false);
    private final ParquetColumn key = new ParquetColumn("key", ParquetColumn.Type.STRING, false);
    private final ParquetColumn row = new ParquetColumn("row", ParquetColumn.Type.INT32, true);
    private final ParquetColumn state = new ParquetColumn("state", ParquetColumn.Type.STRING, false);
    private final ParquetColumn attempt = new ParquetColumn("attempt", ParquetColumn.Type.INT32, false);
    private final ParquetColumn finishedAt =
            new ParquetColumn("finishedAt", ParquetColumn.Type.INT64_TIMESTAMP_MILLIS, true);
    private final ParquetColumn result = new ParquetColumn("result", ParquetColumn.Type.JSON, true);
    private final ParquetColumn errorKind = new ParquetColumn("errorKind", ParquetColumn.Type.STRING, true);
    private final ParquetColumn errorMessage = new ParquetColumn("errorMessage", ParquetColumn.Type.STRING, true);
    private final List<ParquetColumn> columns =
            List.of(run, key, row, state, attempt, finishedAt, result, errorKind, errorMessage);
    private final List<ThriftStruct> groups = new ArrayList<>();
    private long offset;
    private long rows;
    private int collected;

    ParquetWriter(String runId, OutputStream out) throws IOException {
        this.runId = runId;
        this.out = out;
        out.write(MAGIC);
        offset = MAGIC.length;
    }

    @Override
    public void write(Result of) throws IOException {
        StepError error = of.outcome().error();
        JsonValue json = of.outcome().result();
        run.add(of.runId());
        key.add(of.key());
        row.add(of.row());
        state.add(of.state().name());
        attempt.add(of.attempt());
        finishedAt.add(of.finishedAt() == null ? null : of.finishedAt().toEpochMilli());
        result.add(json == null ? null : json.text());
        errorKind.add(error == null ? null : error.kind());
        errorMessage.add(error == null ? null : error.message());
        collected++;
        if (columns.stream().mapToInt(ParquetColumn::bytes).sum() >= GROUP_BYTES) {
            writeGroup();
        }
    }

    private void writeGroup() throws IOException {
        List<ThriftStruct> chunks = new ArrayList<>();
        long bytes = 0;
        for (ParquetColumn column : columns) {
            ParquetColumn.Written written = column.write(out, offset);
            chunks.add(written.chunk());
            offset += written.bytes();
            bytes += written.uncompressedBytes();
        }
        groups.add(new ThriftStruct().structs(1, chunks).i64(2, bytes).i64(3, collected));
        rows += collected;
        collected = 0;
    }

    /** Writes what is collected, and the metadata. */
    @Override
    public void close() throws IOException {
        try (out) {
            if (collected > 0) {
                writeGroup();
            }
            List<ThriftStruct> schema = new ArrayList<>();
            schema.add(new ThriftStruct().text(4, "results").i32(5, columns.size()));
            columns.forEach(column -> schema.add(column.schema()));
            byte[] metadata = new ThriftStruct()
                    .i32(1, 2) // version
                    .structs(2, schema)
                    .i64(3, rows)
                    .structs(4, groups)
                    .structs(5, List.of(runEntry(runId)))
                    .text(6, "stepstile")
                    .toBytes();
            out.write(metadata);
            out.write(ByteBuffer.allocate(4)
                    .order(ByteOrder.LITTLE_ENDIAN)
                    .putInt(metadata.length)
                    .array());
            out.write(MAGIC);
        }
    }

    /** How the metadata name the run. */
    static ThriftStruct runEntry(@Nullable String runId) {
        return new ThriftStruct().text(1, RUN).text(2, String.valueOf(runId));
    }
}
