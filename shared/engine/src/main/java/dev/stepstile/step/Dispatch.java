package dev.stepstile.step;

import java.time.Instant;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * One accepted call that hands over steps, with what the sweeper knows of them. Every write raises {@code version} and
 * is conditional on the version read.
 *
 * @param digest of keys, handlers and inputs: the same dispatchId with another digest is refused
 * @param manifest the steps with their inputs
 * @param sentAt when the dispatch function had sent every message; null if it has not said so
 * @param lastSentAt when messages were last sent for steps that nobody had claimed
 * @param resends how often that was done again
 * @param finished the steps seen to have ended (and, if dead, to be buried), by place in the manifest
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

    public Dispatch sent(Instant now) {
        return with(
                now,
                now,
                resends,
                finished,
                finishedCounts,
                openCounts,
                countedAt,
                keepOpenUntil,
                nextSweepAt,
                sweptAt,
                refreshedAt,
                refresh);
    }

    /** One sweeper takes it; the others see a later {@code nextSweepAt}. */
    public Dispatch taken(Instant next) {
        return with(
                sentAt,
                lastSentAt,
                resends,
                finished,
                finishedCounts,
                openCounts,
                countedAt,
                keepOpenUntil,
                next,
                sweptAt,
                refreshedAt,
                refresh);
    }

    /**
     * Put back into the sweeper's hands before a redrive touches a record; everything is counted anew. A sweep that is due
     * before {@code next} stays so: its other steps wait for it, however often some are redriven.
     */
    public Dispatch reopened(Instant next, Instant keepOpen) {
        return with(
                sentAt,
                lastSentAt,
                resends,
                StepBits.NONE,
                new TreeMap<>(),
                new TreeMap<>(),
                null,
                keepOpen.isAfter(keepOpenUntil) ? keepOpen : keepOpenUntil,
                nextSweepAt == null || next.isBefore(nextSweepAt) ? next : nextSweepAt,
                sweptAt,
                refreshedAt,
                refresh);
    }

    /** What a sweep found. {@code next} null closes the dispatch. */
    public Dispatch swept(
            StepBits nowFinished,
            SortedMap<StepState.Name, Integer> nowFinishedCounts,
            SortedMap<StepState.Name, Integer> nowOpenCounts,
            boolean resent,
            Instant now,
            @Nullable Instant next) {
        return with(
                resent && sentAt == null ? now : sentAt,
                resent ? now : lastSentAt,
                resent ? resends + 1 : resends,
                nowFinished,
                nowFinishedCounts,
                nowOpenCounts,
                now,
                keepOpenUntil,
                next,
                now,
                refreshedAt,
                refresh);
    }

    /** So much of it has been written anew. */
    public Dispatch refresher(RefreshProgress soFar) {
        return with(
                sentAt,
                lastSentAt,
                resends,
                finished,
                finishedCounts,
                openCounts,
                countedAt,
                keepOpenUntil,
                nextSweepAt,
                sweptAt,
                refreshedAt,
                soFar);
    }

    /** All that it needs has been written anew since then. */
    public Dispatch refreshed(Instant since) {
        return with(
                sentAt,
                lastSentAt,
                resends,
                finished,
                finishedCounts,
                openCounts,
                countedAt,
                keepOpenUntil,
                nextSweepAt,
                sweptAt,
                since,
                null);
    }

    private Dispatch with(
            @Nullable Instant newSentAt,
            Instant newLastSentAt,
            int newResends,
            StepBits newFinished,
            SortedMap<StepState.Name, Integer> newFinishedCounts,
            SortedMap<StepState.Name, Integer> newOpenCounts,
            @Nullable Instant newCountedAt,
            Instant newKeepOpenUntil,
            @Nullable Instant newNextSweepAt,
            @Nullable Instant newSweptAt,
            Instant newRefreshedAt,
            @Nullable RefreshProgress newRefresh) {
        return new Dispatch(
                runId,
                dispatchId,
                digest,
                shards,
                stepCount,
                manifest,
                createdAt,
                validUntil,
                newSentAt,
                newLastSentAt,
                newResends,
                newFinished,
                newFinishedCounts,
                newOpenCounts,
                newCountedAt,
                version + 1,
                newKeepOpenUntil,
                newNextSweepAt,
                newSweptAt,
                attached,
                newRefreshedAt,
                newRefresh);
    }
}
