package dev.stepstile.port;

import dev.stepstile.step.Dispatch;
import dev.stepstile.step.DispatchId;
import dev.stepstile.step.Precondition;
import dev.stepstile.step.RedriveCall;
import dev.stepstile.step.Run;
import dev.stepstile.step.StepId;
import dev.stepstile.step.StepRecord;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The table: runs, dispatches, records and log pages. Each write is atomic and durable when the call returns. Reads are
 * consistent except {@link #feed}, {@link #due} and {@link #runs}, which may lag behind. Every call may be made again after a
 * {@link PortException}.
 */
public interface StepStore {

    /** Stores the run unless there is one of that id. Returns the stored one. May be called twice. */
    Run putRunIfAbsent(Run run);

    Optional<Run> run(String runId);

    /**
     * As {@link #run}; where items are deleted by age, this run's is kept as if it had been written today. For a
     * caller that is about to write what belongs to the run.
     */
    default Optional<Run> keepRun(String runId) {
        return run(runId);
    }

    /**
     * Runs, the newest first, behind a position; null: from the newest one on. May lag. A run that a version before stored, which
     * had no such list, may be missing until {@link #keepRun}.
     */
    List<RunPosition> runs(@Nullable RunPosition after, int limit);

    /** Whether items are deleted by age, so that what is still needed has to be rewritten in time. */
    default boolean deletesByAge() {
        return true;
    }

    /** Adds one to the run's cancel number and returns the run, or nothing if there is none. Twice raises it twice. */
    Optional<Run> raiseCancelSeq(String runId);

    /** Stores the dispatch unless there is one of that id; returns the one that was there. May be called twice. */
    Optional<Dispatch> putDispatchIfAbsent(Dispatch dispatch);

    Optional<Dispatch> dispatch(String runId, String dispatchId);

    /** All dispatches of a run, by dispatchId. */
    List<Dispatch> dispatches(String runId);

    /**
     * {@link #dispatches} and {@link #run}, in this order; one read, where they lie together. Empty if there is no such run.
     *
     * @throws DamagedData if the run or one of them is
     */
    default Optional<RunWithDispatches> runWithDispatches(String runId) {
        List<Dispatch> dispatches = dispatches(runId);
        return run(runId).map(run -> new RunWithDispatches(run, dispatches));
    }

    /**
     * Replaces a dispatch if its stored version is {@code next.version() - 1}. False if it was another, or if a first
     * try whose answer was lost succeeded: the caller reads again either way.
     */
    boolean replace(Dispatch next);

    /** Stores a redrive call unless there is one of that id; returns the one that was there. May be called twice. */
    Optional<RedriveCall> putRedriveIfAbsent(RedriveCall call);

    /** Stores what a redrive call came to, over what was there. */
    void putRedrive(RedriveCall done);

    /** Open dispatches of a bucket whose {@code nextSweepAt} is not after {@code until}, earliest first. May lag. */
    List<DispatchId> due(int bucket, Instant until, int limit);

    /**
     * Writes the record if the stored one is as expected; the same record again keeps it longer where items are
     * deleted by age. Called twice, the second is refused and shows what the first wrote.
     */
    WriteResult write(StepRecord next, Precondition expect);

    Optional<StepRecord> record(StepId id, int shard);

    /**
     * The records of these steps that exist, in any order. At most {@link dev.stepstile.step.Limits#LOOKUP_KEYS}.
     *
     * @throws DamagedData if one of them is; {@link #record} finds which, and reads the others
     */
    List<StepRecord> records(List<StepRef> steps);

    /**
     * A shard's records by step key (order of UTF-8 bytes), after {@code afterKey}.
     *
     * @throws DamagedData if one of them is
     */
    List<StepRecord> list(String runId, int shard, @Nullable String afterKey, int limit);

    /**
     * What has ended in a shard, and the log pages written in it, by time, after {@code afterPosition}. May lag, and an
     * entry may appear behind one that was already returned. The end of a step whose record is damaged is there with
     * the state UNKNOWN, so that a reader gets past it.
     */
    List<FeedEntry> feed(String runId, int shard, @Nullable String afterPosition, int limit);

    /** Stores a page of an attempt's log; the same page again overwrites. */
    void putPage(LogPage page);

    /** The pages of one attempt, by number. */
    List<LogPage> pages(StepId id, int shard, int attempt);

    /** A run, and its dispatches by dispatchId. */
    record RunWithDispatches(Run run, List<Dispatch> dispatches) {}

    /** Where a step's record is. */
    record StepRef(StepId id, int shard) {}

    /** What became of a conditional write. */
    sealed interface WriteResult {
        record Written() implements WriteResult {}

        /** Nothing was written; {@code found} is what is stored instead, null if nothing is. */
        record Refused(@Nullable StepRecord found) implements WriteResult {}
    }
}
