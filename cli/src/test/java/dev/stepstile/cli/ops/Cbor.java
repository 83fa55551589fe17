package dev.stepstile.cli.ops;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;

/** As much of RFC 8949 as CloudWatch's answers need: maps, lists and texts. */
final class Cbor {
    private static final int TEXT = 3;
    private static final int LIST = 4;
    private static final int MAP = 5;

    private Cbor() {}

    static byte[] of(Object value) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        write(value, out);
        return out.toByteArray();
    }

    private static void write(Object value, ByteArrayOutputStream out) {
        switch (value) {
            case Map<?, ?> map -> {
                head(MAP, map.size(), out);
                map.forEach((name, member) -> {
                    write(name, out);
                    write(member, out);
                });
            }
            case List<?> list -> {
                head(LIST, list.size(), out);
                list.forEach(member -> write(member, out));
            }
            case String text -> {
                byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
                head(TEXT, bytes.length, out);
                out.writeBytes(bytes);
            }
            default -> throw new IllegalArgumentException(value.getClass().getName());
        }
    }

    private static void head(int type, int length, ByteArrayOutputStream out) {
        if (length < 24) {
            out.write(type << 5 | length);
        } else {
            out.write(type << 5 | 25);
            out.write(length >> 8);
            out.write(length);
        }
    }
}
