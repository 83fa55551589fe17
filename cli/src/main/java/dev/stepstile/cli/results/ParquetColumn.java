package dev.stepstile.cli.results;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.zip.GZIPOutputStream;
import org.jspecify.annotations.Nullable;

/** A column of a Parquet file, with the values of the row group that is being collected: one page, encoded PLAIN, by gzip. */
final class ParquetColumn {
    /** What the values are. The numbers are those of Parquet's Thrift definition. */
    enum Type {
        INT32(1),
        INT64_TIMESTAMP_MILLIS(2),
        STRING(6),
        JSON(6);

        private final int physical;

        Type(int physical) {
            this.physical = physical;
        }
    }

    private static final int REQUIRED = 0;
    private static final int OPTIONAL = 1;
    private static final int GZIP = 2;
    private static final int PLAIN = 0;
    private static final int RLE = 3;
    private static final int DATA_PAGE = 0;

    private final String name;
    private final Type type;
    private final boolean optional;
    private final ByteArrayOutputStream values = new ByteArrayOutputStream();
    private final ByteArrayOutputStream levels = new ByteArrayOutputStream();
    private int count;
    private int runLength;
    private boolean runPresent;

    ParquetColumn(String name, Type type, boolean optional) {
        this.name = name;
        this.type = type;
        this.optional = optional;
    }

    void add(@Nullable Object value) {
        level(value != null);
        count++;
        switch (value) {
            case null -> {
                if (!optional) {
                    throw new IllegalArgumentException("the column " + name + " has a value in each row");
                }
            }
            case Integer number ->
                values.writeBytes(littleEndian(4).putInt(number).array());
            case Long number ->
                values.writeBytes(littleEndian(8).putLong(number).array());
            case String text -> {
                byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
                values.writeBytes(littleEndian(4).putInt(utf8.length).array());
                values.writeBytes(utf8);
            }
            default -> throw new IllegalArgumentException("no column has a " + value.getClass());
        }
    }

    /** Whether there is a value, in runs of equal answers. */
    private void level(boolean present) {
        if (runLength > 0 && runPresent != present) {
            endRun();
        }
        runPresent = present;
        runLength++;
    }

    private void endRun() {
        if (runLength > 0) {
            ThriftStruct.varint(levels, (long) runLength << 1); // an even number: a run of one value
            levels.write(runPresent ? 1 : 0);
        }
        runLength = 0;
    }

    private static ByteBuffer littleEndian(int bytes) {
        return ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
    }

    /** Roughly, of the values that are collected. */
    int bytes() {
        return values.size();
    }

    /**
     * Writes the values that are collected, and begins anew.
     *
     * @param offset in the file
     * @return the chunk's metadata
     */
    Written write(OutputStream out, long offset) throws IOException {
        endRun();
        int size = (optional ? 4 + levels.size() : 0) + values.size();
        byte[] page = compressedPage();
        byte[] header = new ThriftStruct()
                .i32(1, DATA_PAGE)
                .i32(2, size)
                .i32(3, page.length)
                .struct(
                        5,
                        new ThriftStruct()
                                .i32(1, count)
                                .i32(2, PLAIN)
                                .i32(3, RLE)
                                .i32(4, RLE))
                .toBytes();
        out.write(header);
        out.write(page);
        long whole = (long) header.length + size;
        long written = (long) header.length + page.length;
        ThriftStruct chunk = new ThriftStruct().i64(2, offset).struct(3, metadata(offset, whole, written));
        values.reset();
        levels.reset();
        count = 0;
        return new Written(chunk, whole, written);
    }

    private byte[] compressedPage() throws IOException {
        ByteArrayOutputStream compressed = new ByteArrayOutputStream();
        try (GZIPOutputStream gzip = new GZIPOutputStream(compressed)) {
            if (optional) {
                gzip.write(littleEndian(4).putInt(levels.size()).array());
                levels.writeTo(gzip);
            }
            values.writeTo(gzip);
        }
        return compressed.toByteArray();
    }

    private ThriftStruct metadata(long offset, long uncompressedBytes, long bytes) {
        return new ThriftStruct()
                .i32(1, type.physical)
                .i32s(2, List.of(PLAIN, RLE))
                .texts(3, List.of(name))
                .i32(4, GZIP)
                .i64(5, count)
                .i64(6, uncompressedBytes)
                .i64(7, bytes)
                .i64(9, offset);
    }

    /** A column chunk. */
    record Written(ThriftStruct chunk, long uncompressedBytes, long bytes) {}

    /** The column in the file's schema. */
    ThriftStruct schema() {
        ThriftStruct element = new ThriftStruct()
                .i32(1, type.physical)
                .i32(3, optional ? OPTIONAL : REQUIRED)
                .text(4, name);
        ThriftStruct nothing = new ThriftStruct();
        return switch (type) {
            case INT32 -> element;
            case STRING -> element.i32(6, 0).struct(10, new ThriftStruct().struct(1, nothing));
            case JSON -> element.i32(6, 19).struct(10, new ThriftStruct().struct(12, nothing));
            case INT64_TIMESTAMP_MILLIS -> {
                ThriftStruct inUtc = new ThriftStruct().bool(1, true).struct(2, new ThriftStruct().struct(1, nothing));
                yield element.i32(6, 9).struct(10, new ThriftStruct().struct(8, inUtc));
            }
        };
    }
}
