package dev.stepstile.port;

import dev.stepstile.step.StepId;
import dev.stepstile.step.WorkerRecord;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The items of workers, in the table. Each write is atomic and durable when the call returns. Every call may be made again
 * after a {@link PortException}, with the same effect; {@link #revoke} then returns false if the first one was written.
 */
public interface WorkerStore {

    /** Stores a worker's first item; an item of that id that is there already is the same one, from a try before. */
    void start(WorkerRecord first);

    /**
     * Renews the lease: replaces heartbeat, lease and activities, if the item is there, not revoked, and has no later
     * heartbeat.
     *
     * @return the steps that the worker is asked to cancel; nothing if the item was refused: the worker is revoked
     */
    Optional<Set<StepId>> renew(WorkerRecord next);

    /** Asks a worker to cancel a step; its next heartbeat returns it. False if its item is gone or revoked. */
    boolean askToCancel(String worker, StepId step);

    /**
     * Revokes a worker, if its item is as read: heartbeat and {@code revokedAt}. One that is revoked may be revoked again, by
     * whoever takes its recovery over.
     */
    boolean revoke(WorkerRecord read, Instant at);

    /** Deletes the item of a worker that ends, unless it is revoked: whoever recovers its steps still needs it. */
    void end(String worker);

    /** Deletes a revoked item, once all its steps are recovered. One that is not revoked stays. */
    void forget(String worker);

    /** Consistent. */
    Optional<WorkerRecord> worker(String id);

    /**
     * The workers of a bucket, by id (order of UTF-8 bytes), after {@code afterId}; fewer than {@code limit} only at the end.
     * May lag. A damaged item is logged and left out: it must not hide the others.
     */
    List<WorkerRecord> workers(int bucket, @Nullable String afterId, int limit);
}
