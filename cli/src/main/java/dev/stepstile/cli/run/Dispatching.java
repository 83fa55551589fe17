package dev.stepstile.cli.run;

import dev.stepstile.cli.rows.Chunk;
import dev.stepstile.cli.rows.Rows;
import dev.stepstile.client.DispatchResult;
import dev.stepstile.client.JsonValue;
import dev.stepstile.client.StepstileClient;
import dev.stepstile.client.TraceContext;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/** Dispatches rows, call by call, on a thread of its own. */
final class Dispatching {
    private final StepstileClient client;
    private final String runId;
    private final Rows rows;
    private final TraceContext trace;
    private final boolean known;
    private final Queue<String> keys = new ConcurrentLinkedQueue<>();
    private final Thread thread = Thread.ofVirtual().unstarted(this::run);
    private volatile boolean stopped;
    private final AtomicInteger dispatched = new AtomicInteger();
    private final AtomicInteger attached = new AtomicInteger();
    private volatile @Nullable RuntimeException failure;

    /**
     * Rows of a file, whose keys are known before the first dispatch, or of a stream.
     *
     * @param trace that the steps continue
     */
    Dispatching(StepstileClient client, String runId, Rows rows, TraceContext trace) {
        this.client = client;
        this.runId = runId;
        this.rows = rows;
        this.trace = trace;
        this.keys.addAll(rows.keys().all());
        this.known = !keys.isEmpty();
    }

    Dispatching start() {
        thread.start();
        return this;
    }

    /** Dispatches all on this thread. */
    void runHere() {
        run();
        RuntimeException failed = failure;
        if (failed != null) {
            throw failed;
        }
    }

    private void run() {
        try {
            for (Chunk chunk = rows.next(); chunk != null && !stopped; chunk = rows.next()) {
                if (!known) {
                    keys.addAll(chunk.keys());
                }
                DispatchResult result = client.dispatch(runId, JsonValue.parse(chunk.document()), trace);
                if (!result.replayed()) {
                    attached.addAndGet(result.attachedCount());
                }
                dispatched.addAndGet(chunk.keys().size());
            }
        } catch (RuntimeException e) {
            failure = e;
        } catch (IOException e) {
            failure = new UncheckedIOException(e);
        }
    }

    /** The keys of rows that are dispatched, or about to be; each is returned once. */
    List<String> newKeys() {
        List<String> taken = new ArrayList<>();
        for (String key = keys.poll(); key != null; key = keys.poll()) {
            taken.add(key);
        }
        return taken;
    }

    /** Dispatches no more after the call that is being made. */
    void stop() {
        stopped = true;
    }

    /** Waits until nothing more is dispatched. */
    void join() throws InterruptedException {
        thread.join();
    }

    /**
     * Whether nothing more is dispatched.
     *
     * @throws RuntimeException that ended it before the last row
     */
    boolean ended() {
        boolean alive = thread.isAlive();
        RuntimeException failed = failure;
        if (failed != null) {
            throw failed;
        }
        return !alive;
    }

    /** How many rows there are; null while nobody can tell. */
    @Nullable
    Integer total(boolean ended) {
        return known && !stopped ? (Integer) rows.keys().all().size() : ended ? (Integer) dispatched() : null;
    }

    int dispatched() {
        return dispatched.get();
    }

    /** How many of them an earlier dispatch of the run had started. */
    int attached() {
        return attached.get();
    }
}
