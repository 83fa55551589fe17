package dev.stepstile.step;

import java.time.Instant;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * One accepted call that hands over steps, with what the sweeper knows of them. Every write raises {@code version} and
 * is conditional on the version read.
 *
 * @param digest of keys, handlers and inputs: the same dispatchId with another digest is refused
 * @param manifest the steps with their inputs
 * @param sentAt when the dispatch function had sent every message; null if it has not recorded that
 * @param lastSentAt when messages were last sent for steps that nobody had claimed
 * @param resends how often that was done again
 * @param finished the steps seen to have ended (and, if dead, to be dead-lettered), by place in the manifest
 * @param finishedCounts how those ended, by state
 * @param openCounts the states of the others at {@code countedAt}
 * @param keepOpenUntil before it the dispatch must not be closed: a redrive is under way
 * @param nextSweepAt when the sweeper looks again; null once closed
 * @param sweptAt when it last looked
 * @param attached how many of its steps an earlier dispatch had already started when this one was handed over
 * @param refreshedAt since when all that the dispatch needs (payloads and records) has been written, or written anew
 * @param refresh what has been written anew of it since that became due; null if nothing
 */
public record Dispatch(
        String runId,
        String dispatchId,
        String digest,
        int shards,
        int stepCount,
        Payload manifest,
        Instant createdAt,
        Instant validUntil,
        @Nullable Instant sentAt,
        Instant lastSentAt,
        int resends,
        StepBits finished,
        SortedMap<StepState.Name, Integer> finishedCounts,
        SortedMap<StepState.Name, Integer> openCounts,
        @Nullable Instant countedAt,
        long version,
        Instant keepOpenUntil,
        @Nullable Instant nextSweepAt,
        @Nullable Instant sweptAt,
        int attached,
        Instant refreshedAt,
        @Nullable RefreshProgress refresh) {

    /** One none of whose steps was known before, and none of whose payloads was refreshed. */
    public Dispatch(
            String runId,
            String dispatchId,
            String digest,
            int shards,
            int stepCount,
            Payload manifest,
            Instant createdAt,
            Instant validUntil,
            @Nullable Instant sentAt,
            Instant lastSentAt,
            int resends,
            StepBits finished,
            SortedMap<StepState.Name, Integer> finishedCounts,
            SortedMap<StepState.Name, Integer> openCounts,
            @Nullable Instant countedAt,
            long version,
            Instant keepOpenUntil,
            @Nullable Instant nextSweepAt,
            @Nullable Instant sweptAt) {
        this(
                runId,
                dispatchId,
                digest,
                shards,
                stepCount,
                manifest,
                createdAt,
                validUntil,
                sentAt,
                lastSentAt,
                resends,
                finished,
                finishedCounts,
                openCounts,
                countedAt,
                version,
                keepOpenUntil,
                nextSweepAt,
                sweptAt,
                0,
                createdAt,
                null);
    }

    public boolean closed() {
        return nextSweepAt == null;
    }

    /** In which of the sweeper's buckets the dispatch lies while it is open. */
    public int openBucket() {
        return Shards.of(runId + "#" + dispatchId, Shards.OPEN_BUCKETS);
    }

    /** Steps by state, as last counted; steps that were never counted are QUEUED. */
    public SortedMap<StepState.Name, Integer> counts() {
        SortedMap<StepState.Name, Integer> all = new TreeMap<>(finishedCounts);
        openCounts.forEach((state, count) -> all.merge(state, count, Integer::sum));
        int counted = all.values().stream().mapToInt(Integer::intValue).sum();
        if (counted < stepCount) {
            all.merge(StepState.Name.QUEUED, stepCount - counted, Integer::sum);
        }
        return all;
    }

    /** A dispatch that was just accepted: none of its messages is sent yet, and none of its steps was known before. */
    public static Dispatch accepted(
            Run run,
            String dispatchId,
            String digest,
            int stepCount,
            Payload manifest,
            Instant now,
            Instant validUntil) {
        return new Dispatch(
                run.runId(),
                dispatchId,
                digest,
                run.shards(),
                stepCount,
                manifest,
                now,
                validUntil,
                null,
                now,
                0,
                StepBits.NONE,
                new TreeMap<>(),
                new TreeMap<>(),
                null,
                1,
                Instant.EPOCH,
                now,
                null);
    }

    /** The first sweep of a dispatch that was not stored yet. */
    public Dispatch withFirstSweepAt(Instant first) {
        return with(fields -> fields.nextSweepAt = first);
    }

    /**
     * Some steps of a dispatch that was not stored yet belong to earlier dispatches.
     *
     * @param refreshedSince since when all that these steps need has been written
     */
    public Dispatch withAttached(int count, Instant refreshedSince) {
        return with(fields -> {
            fields.attached = count;
            fields.refreshedAt = refreshedSince;
        });
    }

    public Dispatch sent(Instant now) {
        return next(fields -> {
            fields.sentAt = now;
            fields.lastSentAt = now;
        });
    }

    /** One sweeper takes it; the others see a later {@code nextSweepAt}. */
    public Dispatch taken(Instant next) {
        return next(fields -> fields.nextSweepAt = next);
    }

    /**
     * Handed back to the sweeper before a redrive touches a record; everything is counted anew. A sweep that is due
     * before {@code next} stays due then: the dispatch's other steps wait for it, however often some are redriven.
     */
    public Dispatch reopened(Instant next, Instant keepOpen) {
        return next(fields -> {
            fields.finished = StepBits.NONE;
            fields.finishedCounts = new TreeMap<>();
            fields.openCounts = new TreeMap<>();
            fields.countedAt = null;
            fields.keepOpenUntil = keepOpen.isAfter(keepOpenUntil) ? keepOpen : keepOpenUntil;
            fields.nextSweepAt = nextSweepAt == null || next.isBefore(nextSweepAt) ? next : nextSweepAt;
        });
    }

    /** What a sweep found. {@code next} null closes the dispatch. */
    public Dispatch swept(
            StepBits nowFinished,
            SortedMap<StepState.Name, Integer> nowFinishedCounts,
            SortedMap<StepState.Name, Integer> nowOpenCounts,
            boolean resent,
            Instant now,
            @Nullable Instant next) {
        return next(fields -> {
            if (resent) {
                fields.sentAt = sentAt == null ? now : sentAt;
                fields.lastSentAt = now;
                fields.resends = resends + 1;
            }
            fields.finished = nowFinished;
            fields.finishedCounts = nowFinishedCounts;
            fields.openCounts = nowOpenCounts;
            fields.countedAt = now;
            fields.nextSweepAt = next;
            fields.sweptAt = now;
        });
    }

    /** So much of it has been written anew. */
    public Dispatch refreshing(RefreshProgress soFar) {
        return next(fields -> fields.refresh = soFar);
    }

    /** All that it needs has been written anew since then. */
    public Dispatch refreshed(Instant since) {
        return next(fields -> {
            fields.refreshedAt = since;
            fields.refresh = null;
        });
    }

    /** The next version. */
    private Dispatch next(Consumer<Fields> change) {
        return with(fields -> {
            fields.version = version + 1;
            change.accept(fields);
        });
    }

    private Dispatch with(Consumer<Fields> change) {
        Fields fields = new Fields(this);
        change.accept(fields);
        return new Dispatch(
                runId,
                dispatchId,
                digest,
                shards,
                stepCount,
                manifest,
                createdAt,
                validUntil,
                fields.sentAt,
                fields.lastSentAt,
                fields.resends,
                fields.finished,
                fields.finishedCounts,
                fields.openCounts,
                fields.countedAt,
                fields.version,
                fields.keepOpenUntil,
                fields.nextSweepAt,
                fields.sweptAt,
                fields.attached,
                fields.refreshedAt,
                fields.refresh);
    }

    /** What changes while a dispatch is worked off. */
    private static final class Fields {
        private @Nullable Instant sentAt;
        private Instant lastSentAt;
        private int resends;
        private StepBits finished;
        private SortedMap<StepState.Name, Integer> finishedCounts;
        private SortedMap<StepState.Name, Integer> openCounts;
        private @Nullable Instant countedAt;
        private long version;
        private Instant keepOpenUntil;
        private @Nullable Instant nextSweepAt;
        private @Nullable Instant sweptAt;
        private int attached;
        private Instant refreshedAt;
        private @Nullable RefreshProgress refresh;

        Fields(Dispatch of) {
            sentAt = of.sentAt;
            lastSentAt = of.lastSentAt;
            resends = of.resends;
            finished = of.finished;
            finishedCounts = of.finishedCounts;
            openCounts = of.openCounts;
            countedAt = of.countedAt;
            version = of.version;
            keepOpenUntil = of.keepOpenUntil;
            nextSweepAt = of.nextSweepAt;
            sweptAt = of.sweptAt;
            attached = of.attached;
            refreshedAt = of.refreshedAt;
            refresh = of.refresh;
        }
    }
}
