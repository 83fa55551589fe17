package dev.stepstile.step;

import java.time.Duration;
import java.time.Instant;
import java.util.Collections;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * A worker's item: who runs which steps, and until when it is believed to live. A worker is one invocation of the step
 * function, with its batch; on one machine, one batch of a poller. All instants are whole milliseconds.
 *
 * @param id minted for one batch, never at the start of a process: a restored snapshot would copy it
 * @param steps what the worker may claim, in the order of its messages; fixed before its first claim
 * @param beat the number of the newest heartbeat; 0 when the item is first written
 * @param leaseUntil until when the worker is believed to live without another heartbeat
 * @param revokedAt when it was last found silent; null while it is believed to live
 * @param activities what the steps that it has claimed are doing, as of the newest heartbeat, by place in {@code steps}
 */
public record WorkerRecord(
        String id,
        List<Assignment> steps,
        int beat,
        Instant leaseUntil,
        @Nullable Instant revokedAt,
        SortedMap<Integer, Activity> activities) {

    /** Two writes for each batch: this many partitions take 4,000 writes a second. A look queries each of them. */
    public static final int BUCKETS = 4;

    /** Parts the worker's id from the claim's number in the owner of a record. */
    private static final char CLAIM = '#';

    public WorkerRecord {
        steps = List.copyOf(steps);
        activities = Collections.unmodifiableSortedMap(new TreeMap<>(activities));
    }

    /** A step of the batch, as its message names it: enough to find its record, and its manifest. */
    public record Assignment(StepId id, int shard, String dispatchId, int index) {
        public DispatchId dispatch() {
            return new DispatchId(id.runId(), dispatchId);
        }
    }

    /**
     * What a running step is doing.
     *
     * @param since when the attempt was claimed
     * @param lastLine what it last printed, cut; empty if nothing
     */
    public record Activity(int attempt, Instant since, StepState.Progress progress, String lastLine) {
        private static final int MAX_LINE = 100;

        public Activity {
            lastLine = lastLine.length() > MAX_LINE ? Truncation.end(lastLine, MAX_LINE) : lastLine;
        }
    }

    /** The item as it is before the first claim. */
    public static WorkerRecord starting(String id, List<Assignment> steps, Instant leaseUntil) {
        return new WorkerRecord(id, steps, 0, leaseUntil, null, new TreeMap<>());
    }

    /** With the next heartbeat. Its number stands for this one lease, also if it gets no answer. */
    public WorkerRecord withBeat(Instant until, SortedMap<Integer, Activity> doing) {
        return new WorkerRecord(id, steps, beat + 1, until, revokedAt, doing);
    }

    public WorkerRecord withRevokedAt(Instant at) {
        return new WorkerRecord(id, steps, beat, leaseUntil, at, activities);
    }

    /** The partition in which the item is, from its id alone. */
    public static int bucket(String id) {
        return Math.floorMod(id.hashCode(), BUCKETS);
    }

    /**
     * The owner that a record names for a worker's claim. It is not the worker alone: two messages of one step may be in one
     * batch, and the success of the first claim must not look like that of the second.
     */
    public static String owner(String worker, int claim) {
        return worker + CLAIM + claim;
    }

    /** The worker of a record's owner; null if a version before named it, which had no items. */
    public static @Nullable String workerOf(String owner) {
        int end = owner.indexOf(CLAIM);
        return end < 0 ? null : owner.substring(0, end);
    }

    /** The steps that it runs, as of its newest heartbeat. */
    public List<Assignment> running() {
        return activities.keySet().stream().map(steps::get).toList();
    }

    /** Whether it has been silent for longer than its lease, by how much clocks may differ included. */
    public boolean isSilent(Instant now, Duration margin) {
        return !now.isBefore(leaseUntil.plus(margin));
    }
}
