package dev.stepstile.cli.rows;

import dev.stepstile.codec.Json;
import dev.stepstile.step.Limits;
import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/** A JSON value on each line. Empty lines are skipped. */
final class JsonLinesReader implements RowReader {
    private static final String BYTE_ORDER_MARK = "\uFEFF";

    private final InputStream in;
    private long line;
    private int number;

    JsonLinesReader(InputStream in) {
        this.in = new BufferedInputStream(in, 1 << 16);
    }

    @Override
    public @Nullable Row next() throws IOException {
        for (byte[] bytes = readLine(); bytes != null; bytes = readLine()) {
            String text = text(bytes);
            if (line == 1 && text.startsWith(BYTE_ORDER_MARK)) {
                text = text.substring(1);
            }
            if (!text.isBlank()) {
                number++;
                try {
                    return new Row(number, line, Json.parse(text));
                } catch (Json.BadJson e) {
                    throw new BadRowException("line " + line + ": "
                            + String.valueOf(e.getMessage()).replace("at line 1, column", "at column")
                            + ". Each line must be one JSON value.");
                }
            }
        }
        return null;
    }

    private String text(byte[] bytes) {
        try {
            return StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(bytes))
                    .toString();
        } catch (CharacterCodingException e) {
            throw new BadRowException("line " + line + " is not UTF-8: save the file in that encoding.");
        }
    }

    /** The next line without its end; null after the last. */
    private byte @Nullable [] readLine() throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        int read = in.read();
        if (read < 0) {
            return null;
        }
        line++;
        while (read >= 0 && read != '\n') {
            if (bytes.size() >= Limits.REQUEST_BYTES) {
                throw new BadRowException("line " + line + " is longer than " + Limits.REQUEST_BYTES
                        + " bytes, which is what one call can carry.");
            }
            bytes.write(read);
            read = in.read();
        }
        return bytes.toByteArray();
    }

    @Override
    public void close() throws IOException {
        in.close();
    }
}
