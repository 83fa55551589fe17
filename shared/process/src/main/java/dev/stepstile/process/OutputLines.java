package dev.stepstile.process;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;

/** Reads what a process prints, line by line, until the last that could print has ended. */
public final class OutputLines {
    private static final int LINE_BYTES = 16 * 1024;

    /**
     * A pipe's reader waits outside of Java, where virtual threads do not give way. What a reader prints is the worker's,
     * not that of the step in whose thread it was started.
     */
    static final Executor READERS = Executors.newCachedThreadPool(Thread.ofPlatform()
            .daemon()
            .inheritInheritableThreadLocals(false)
            .name("process-output-", 0)
            .factory());

    private final CompletableFuture<Void> ended;

    /** @param lines is called by one thread at a time, not the caller's */
    public OutputLines(InputStream stream, Consumer<String> lines) {
        ended = CompletableFuture.runAsync(() -> read(stream, lines), READERS);
    }

    boolean ended() {
        return ended.isDone();
    }

    /** Waits for the end; false if something still holds the output open. */
    public boolean awaitEnd(Duration patience) {
        try {
            ended.get(patience.toMillis(), TimeUnit.MILLISECONDS);
            return true;
        } catch (TimeoutException e) {
            return false;
        } catch (ExecutionException e) {
            throw new IllegalStateException(e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }

    private static void read(InputStream stream, Consumer<String> lines) {
        ByteArrayOutputStream line = new ByteArrayOutputStream();
        byte[] bytes = new byte[8 * 1024];
        try (stream) {
            for (int read = stream.read(bytes); read >= 0; read = stream.read(bytes)) {
                int next = 0;
                while (next < read) {
                    int stop = next;
                    while (stop < read && bytes[stop] != '\n') {
                        stop++;
                    }
                    line.write(bytes, next, Math.min(stop - next, LINE_BYTES - line.size()));
                    if (stop < read) {
                        lines.accept(text(line));
                        line.reset();
                    }
                    next = stop + 1;
                }
            }
        } catch (IOException e) {
            // the pipe was closed under it, which is an end too
        }
        if (line.size() > 0) {
            lines.accept(text(line));
        }
    }

    private static String text(ByteArrayOutputStream line) {
        String text = line.toString(StandardCharsets.UTF_8);
        return text.endsWith("\r") ? text.substring(0, text.length() - 1) : text;
    }
}
