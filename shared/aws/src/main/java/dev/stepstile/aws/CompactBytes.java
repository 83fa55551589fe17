package dev.stepstile.aws;

import dev.stepstile.port.DamagedData;
import dev.stepstile.port.PortException;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.zip.DataFormatException;
import java.util.zip.Deflater;
import java.util.zip.Inflater;

/** Bytes as an item stores them: one byte for the encoding, then the bytes, deflated (RFC 1951) where that is shorter. */
final class CompactBytes {
    private static final byte PLAIN = 0;
    private static final byte DEFLATED = 1;

    private CompactBytes() {}

    static byte[] pack(String text) {
        return pack(text.getBytes(StandardCharsets.UTF_8));
    }

    static byte[] pack(byte[] bytes) {
        byte[] packed = new byte[bytes.length + 1];
        try (Deflater deflater = new Deflater(Deflater.DEFAULT_COMPRESSION, true)) {
            deflater.setInput(bytes);
            deflater.finish();
            int length = deflater.deflate(packed, 1, bytes.length);
            if (deflater.finished() && length < bytes.length) {
                packed[0] = DEFLATED;
                return Arrays.copyOf(packed, length + 1);
            }
        }
        packed[0] = PLAIN;
        System.arraycopy(bytes, 0, packed, 1, bytes.length);
        return packed;
    }

    static String text(byte[] packed) {
        return new String(unpack(packed), StandardCharsets.UTF_8);
    }

    /** @throws PortException if the bytes are not what {@link #pack} wrote */
    static byte[] unpack(byte[] packed) {
        if (packed.length > 0 && packed[0] == PLAIN) {
            return Arrays.copyOfRange(packed, 1, packed.length);
        }
        if (packed.length == 0 || packed[0] != DEFLATED) {
            throw new PortException("an item holds bytes of an unknown form; a newer version may have written it");
        }
        try (Inflater inflater = new Inflater(true)) {
            inflater.setInput(packed, 1, packed.length - 1);
            ByteArrayOutputStream bytes = new ByteArrayOutputStream(4 * packed.length);
            byte[] room = new byte[4096];
            while (!inflater.finished()) {
                int length = inflater.inflate(room);
                if (length == 0 && !inflater.finished()) {
                    throw new DamagedData("an item holds bytes that are cut off");
                }
                bytes.write(room, 0, length);
            }
            return bytes.toByteArray();
        } catch (DataFormatException e) {
            throw new DamagedData("an item holds bytes that do not inflate", e);
        }
    }
}
