package dev.stepstile.runtime;

import dev.stepstile.usecase.HandlerOutput;
import java.io.ByteArrayOutputStream;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.Callable;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Captures what user code prints on {@link System#out} and {@link System#err}, line by line, for the attempt that
 * printed it; threads that the handler starts count as its own. What nobody captures goes where it went before.
 */
public final class CapturedOutput implements HandlerOutput {
    private static final int LINE_BYTES = 16 * 1024;
    private static final InheritableThreadLocal<@Nullable Consumer<String>> LINES = new InheritableThreadLocal<>();

    private CapturedOutput() {}

    /** Replaces the JVM's standard streams, once. */
    public static HandlerOutput installed() {
        return Installed.OUTPUT;
    }

    /**
     * Captures from the standard streams that are there now, and leaves them in their place for what nobody captures. For
     * tests, whose runner has put streams of its own there, perhaps since the last call.
     */
    public static synchronized HandlerOutput overPresentStreams() {
        if (!(System.out instanceof Split)) {
            System.setOut(new Split(System.out));
        }
        if (!(System.err instanceof Split)) {
            System.setErr(new Split(System.err));
        }
        return new CapturedOutput();
    }

    private static final class Installed {
        private static final HandlerOutput OUTPUT = install();

        private static HandlerOutput install() {
            System.setOut(new Split(new FileOutputStream(FileDescriptor.out)));
            System.setErr(new Split(new FileOutputStream(FileDescriptor.err)));
            return new CapturedOutput();
        }
    }

    private static final class Split extends PrintStream {
        Split(OutputStream uncaptured) {
            super(new Splitter(uncaptured), true, StandardCharsets.UTF_8);
        }
    }

    @Override
    public <T> T capture(Consumer<String> lines, Callable<T> work) throws Exception {
        LINES.set(lines);
        try {
            return work.call();
        } finally {
            System.out.flush();
            System.err.flush();
            Splitter.endLine(lines);
            LINES.remove();
        }
    }

    /** Sends the bytes of a capturing thread to its lines, and all others on. */
    private static final class Splitter extends OutputStream {
        private static final ThreadLocal<ByteArrayOutputStream> LINE =
                ThreadLocal.withInitial(ByteArrayOutputStream::new);
        private final OutputStream uncaptured;

        Splitter(OutputStream uncaptured) {
            this.uncaptured = uncaptured;
        }

        @Override
        public void write(int b) throws IOException {
            write(new byte[] {(byte) b}, 0, 1);
        }

        @Override
        public void write(byte[] bytes, int from, int length) throws IOException {
            Consumer<String> lines = LINES.get();
            if (lines == null) {
                uncaptured.write(bytes, from, length);
                return;
            }
            ByteArrayOutputStream line = LINE.get();
            int end = from + length;
            int next = from;
            while (next < end) {
                int stop = next;
                while (stop < end && bytes[stop] != '\n') {
                    stop++;
                }
                line.write(bytes, next, Math.min(stop - next, LINE_BYTES - line.size()));
                if (stop < end) {
                    endLine(lines);
                }
                next = stop + 1;
            }
        }

        @Override
        public void flush() throws IOException {
            if (LINES.get() == null) {
                uncaptured.flush();
            }
        }

        static void endLine(Consumer<String> lines) {
            ByteArrayOutputStream line = LINE.get();
            if (line.size() > 0) {
                lines.accept(line.toString(StandardCharsets.UTF_8));
                line.reset();
            }
        }
    }
}
