package dev.stepstile.process;

import dev.stepstile.step.Limits;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.Consumer;

/** The file to which a process appends its Pipes messages, a line each, read as it grows. */
final class MessageFile implements AutoCloseable {
    /** Of a line so much is kept; what is longer is no JSON any more, and no result that could be recorded. */
    private static final int LINE_BYTES = 2 * Limits.RESULT_BYTES;

    private final InputStream file;
    private final ByteArrayOutputStream begun = new ByteArrayOutputStream();
    private final byte[] bytes = new byte[64 * 1024];

    MessageFile(Path path) throws IOException {
        file = Files.newInputStream(path);
    }

    /** Hands over the whole lines that were appended since. */
    void read(Consumer<String> lines) throws IOException {
        for (int read = file.read(bytes); read > 0; read = file.read(bytes)) {
            int next = 0;
            for (int i = 0; i < read; i++) {
                if (bytes[i] == '\n') {
                    keep(next, i);
                    lines.accept(begun.toString(StandardCharsets.UTF_8));
                    begun.reset();
                    next = i + 1;
                }
            }
            keep(next, read);
        }
    }

    private void keep(int from, int to) {
        begun.write(bytes, from, Math.min(to - from, LINE_BYTES - begun.size()));
    }

    /** As {@link #read}, once nobody appends any more: a last line without an end counts. */
    void readRest(Consumer<String> lines) throws IOException {
        read(lines);
        if (begun.size() > 0) {
            lines.accept(begun.toString(StandardCharsets.UTF_8));
            begun.reset();
        }
    }

    @Override
    public void close() throws IOException {
        file.close();
    }
}
