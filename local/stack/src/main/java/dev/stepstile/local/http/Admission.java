package dev.stepstile.local.http;

import dev.stepstile.http.Http;
import dev.stepstile.step.Limits;
import java.time.Duration;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/**
 * Lets in no more large bodies at once than the heap holds: each becomes about ten times its size on its way. Small
 * ones pass, so that a run can be asked about, and cancelled, whatever is being dispatched.
 */
final class Admission {
    private static final int BYTES_AT_ONCE = 4 * Limits.REQUEST_BYTES;
    private static final int SMALL_BYTES = 64 * 1024;

    /** As long as leaves time for the call itself within 30 s, which the Python client waits: a refused body is sent again. */
    private static final Duration PATIENCE = Duration.ofSeconds(15);

    private final Semaphore room;
    private final Duration patience;

    Admission() {
        this(BYTES_AT_ONCE, PATIENCE);
    }

    Admission(int bytesAtOnce, Duration patience) {
        this.room = new Semaphore(bytesAtOnce, true);
        this.patience = patience;
    }

    /**
     * @param bytes of the body; negative if that is not known before it was read
     * @throws Http.Problem 503 if there is no room soon
     */
    <T> T admit(long bytes, Supplier<T> call) {
        if (bytes >= 0 && bytes <= SMALL_BYTES) {
            return call.get();
        }
        int needed = (int) (bytes < 0 ? Limits.REQUEST_BYTES : Math.min(bytes, Limits.REQUEST_BYTES));
        boolean admitted;
        try {
            admitted = room.tryAcquire(needed, patience.toMillis(), TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            admitted = false;
        }
        if (!admitted) {
            throw new Http.Problem(
                            503,
                            "busy",
                            "Too many large calls at once; retry the call, which is safe, after the seconds in Retry-After.")
                    .with("retry-after", "1");
        }
        try {
            return call.get();
        } finally {
            room.release(needed);
        }
    }
}
