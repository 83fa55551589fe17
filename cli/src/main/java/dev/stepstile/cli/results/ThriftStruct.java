package dev.stepstile.cli.results;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;

/** A struct in Thrift's compact protocol, in which Parquet writes its metadata. Fields are added in ascending order. */
final class ThriftStruct {
    private static final int TRUE = 1;
    private static final int FALSE = 2;
    private static final int I32 = 5;
    private static final int I64 = 6;
    private static final int BINARY = 8;
    private static final int LIST = 9;
    private static final int STRUCT = 12;

    /** More than this, and the size of a list or the distance of a field does not fit beside its type. */
    private static final int MOST_IN_HEADER = 14;

    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    private int last;

    ThriftStruct bool(int field, boolean value) {
        return header(field, value ? TRUE : FALSE);
    }

    ThriftStruct i32(int field, int value) {
        header(field, I32);
        return zigzag(value);
    }

    ThriftStruct i64(int field, long value) {
        header(field, I64);
        return zigzag(value);
    }

    ThriftStruct text(int field, String value) {
        header(field, BINARY);
        return binary(value);
    }

    ThriftStruct struct(int field, ThriftStruct value) {
        header(field, STRUCT);
        bytes.writeBytes(value.toBytes());
        return this;
    }

    ThriftStruct i32s(int field, List<Integer> values) {
        list(field, values.size(), I32);
        values.forEach(this::zigzag);
        return this;
    }

    ThriftStruct texts(int field, List<String> values) {
        list(field, values.size(), BINARY);
        values.forEach(this::binary);
        return this;
    }

    ThriftStruct structs(int field, List<ThriftStruct> values) {
        list(field, values.size(), STRUCT);
        values.forEach(value -> bytes.writeBytes(value.toBytes()));
        return this;
    }

    byte[] toBytes() {
        ByteArrayOutputStream whole = new ByteArrayOutputStream();
        whole.writeBytes(bytes.toByteArray());
        whole.write(0); // no more fields
        return whole.toByteArray();
    }

    private ThriftStruct header(int field, int type) {
        int distance = field - last;
        if (distance < 1 || distance > MOST_IN_HEADER + 1) {
            throw new IllegalArgumentException("fields are written in ascending order, without large gaps");
        }
        last = field;
        bytes.write(distance << 4 | type);
        return this;
    }

    private void list(int field, int size, int type) {
        header(field, LIST);
        if (size <= MOST_IN_HEADER) {
            bytes.write(size << 4 | type);
        } else {
            bytes.write(0xF0 | type);
            varint(size);
        }
    }

    private ThriftStruct binary(String value) {
        byte[] utf8 = value.getBytes(StandardCharsets.UTF_8);
        varint(utf8.length);
        bytes.writeBytes(utf8);
        return this;
    }

    private ThriftStruct zigzag(long value) {
        varint(value << 1 ^ value >> 63);
        return this;
    }

    private void varint(long value) {
        varint(bytes, value);
    }

    static void varint(ByteArrayOutputStream into, long value) {
        long left = value;
        while ((left & ~0x7FL) != 0) {
            into.write((int) ((left & 0x7F) | 0x80));
            left >>>= 7;
        }
        into.write((int) left);
    }
}
