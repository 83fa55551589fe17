package dev.stepstile.local.http;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.eclipse.jetty.io.Content;
import org.eclipse.jetty.util.BufferUtil;
import org.eclipse.jetty.util.thread.Invocable;
import org.jspecify.annotations.Nullable;

/**
 * The body of a call, which is to arrive within a time: a bound on the pauses alone would let a body that comes byte by
 * byte hold the room that large bodies share for as long as its sender likes.
 */
final class CallBody {
    private final Content.Source source;
    private final Duration within;
    private final long until;
    private boolean ended;

    /** Its time begins now. */
    CallBody(Content.Source source, Duration within) {
        this.source = source;
        this.within = within;
        this.until = System.nanoTime() + within.toNanos();
    }

    /**
     * Reads to the end, or until more than so many bytes have come.
     *
     * @throws IOException if the rest did not arrive
     */
    byte[] read(int most) throws IOException {
        ByteArrayOutputStream read = new ByteArrayOutputStream();
        while (read.size() <= most) {
            Content.Chunk chunk = next();
            if (chunk == null) {
                break;
            }
            read.writeBytes(BufferUtil.toArray(chunk.getByteBuffer()));
            chunk.release();
        }
        return read.toByteArray();
    }

    /** Reads and discards the rest, up to so many bytes: a caller that sends all of it first then gets the answer. */
    void forget(long most) throws IOException {
        long forgotten = 0;
        while (forgotten < most) {
            Content.Chunk chunk = next();
            if (chunk == null) {
                break;
            }
            forgotten += chunk.remaining();
            chunk.release();
        }
    }

    /** What came next; null after the end. */
    private Content.@Nullable Chunk next() throws IOException {
        while (!ended) {
            if (System.nanoTime() - until >= 0) {
                throw late();
            }
            Content.Chunk chunk = source.read();
            if (chunk == null) {
                awaitMore();
            } else if (Content.Chunk.isFailure(chunk)) {
                throw new IOException("it broke off", chunk.getFailure());
            } else {
                ended = chunk.isLast();
                return chunk;
            }
        }
        return null;
    }

    private void awaitMore() throws IOException {
        CountDownLatch more = new CountDownLatch(1);
        source.demand(Invocable.from(Invocable.InvocationType.NON_BLOCKING, more::countDown));
        try {
            if (!more.await(until - System.nanoTime(), TimeUnit.NANOSECONDS)) {
                throw late();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            ended = true;
            throw new IOException("the stack is being stopped", e);
        }
    }

    private IOException late() {
        return new IOException("it took longer than " + within.toSeconds() + " s");
    }
}
