package dev.stepstile.step;

import java.time.Duration;
import java.time.Instant;
import java.util.Collections;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * One accepted call that dispatches steps, with what the sweeper has found of them. Every write raises {@code version}
 * and is conditional on the version read.
 */
public record Dispatch(
        DispatchId id,
        Accepted accepted,
        Sending sending,
        Progress progress,
        Schedule schedule,
        Refresh refresh,
        long version) {

    /**
     * What was dispatched. Never changes.
     *
     * @param digest of keys, handlers and inputs: the same dispatchId with another digest is refused
     * @param manifest the steps with their inputs
     * @param attached how many of the steps an earlier dispatch had already started
     */
    public record Accepted(
            String digest,
            int shards,
            int stepCount,
            Payload manifest,
            Instant createdAt,
            Instant validUntil,
            int attached) {}

    /**
     * When the steps' messages were sent.
     *
     * @param sentAt when the dispatch function had sent every message; null if it has not recorded that
     * @param lastSentAt when messages were last sent for steps that nobody had claimed
     * @param resends how often that was done again
     */
    public record Sending(@Nullable Instant sentAt, Instant lastSentAt, int resends) {
        private Sending again(Instant now) {
            return new Sending(sentAt == null ? now : sentAt, now, resends + 1);
        }
    }

    /**
     * How far the steps have come, as last counted.
     *
     * @param finished the steps seen to have ended (and, if dead, to be dead-lettered), by place in the manifest
     * @param finishedCounts how those ended, by state
     * @param openCounts the states of the others at {@code countedAt}, as far as they are known without reading each
     */
    public record Progress(
            StepBits finished,
            SortedMap<StepState.Name, Integer> finishedCounts,
            SortedMap<StepState.Name, Integer> openCounts,
            @Nullable Instant countedAt,
            Reading reading) {

        /** Nothing is counted, and every step is read in the next sweep. */
        public static final Progress NONE = from(Reading.UNREAD);

        private static Progress from(Reading reading) {
            return new Progress(
                    StepBits.NONE, Collections.emptySortedMap(), Collections.emptySortedMap(), null, reading);
        }
    }

    /**
     * What the sweeper has read of the steps: most of them only once they have ended, from the run's feed.
     *
     * @param readAt when every unfinished step was last read; null if none was
     * @param emptyReadAt when that was last done while the queue showed no message, so that lost ones were sent again; null
     *     if it never was
     * @param actAt when a rule can act on a step that was read; null if on none
     * @param cancelSeq the cancel of the run that was carried out last
     * @param endsReadTo until when the ends of steps were read from the feed
     */
    public record Reading(
            @Nullable Instant readAt,
            @Nullable Instant emptyReadAt,
            @Nullable Instant actAt,
            long cancelSeq,
            Instant endsReadTo) {
        public static final Reading UNREAD = new Reading(null, null, Instant.EPOCH, 0, Instant.EPOCH);
    }

    /**
     * When the sweeper looks, and whom it tells that the dispatch has ended.
     *
     * @param nextAt when it looks again; null once the dispatch is closed
     * @param keepOpenUntil before it the dispatch must not be closed: a redrive is under way
     * @param notification null if nobody is told
     */
    public record Schedule(
            @Nullable Instant nextAt,
            Instant keepOpenUntil,
            @Nullable Notification notification) {
        public Schedule(@Nullable Instant nextAt, Instant keepOpenUntil) {
            this(nextAt, keepOpenUntil, null);
        }

        private Schedule withNextAt(@Nullable Instant next) {
            return new Schedule(next, keepOpenUntil, notification);
        }

        private Schedule closed(long version, Instant now) {
            return new Schedule(null, keepOpenUntil, notification == null ? null : notification.owed(version, now));
        }

        private Schedule telling(UnaryOperator<Notification> change) {
            return new Schedule(nextAt, keepOpenUntil, notification == null ? null : change.apply(notification));
        }

        private Schedule reopened(Instant next, Instant keepOpen) {
            return new Schedule(
                    nextAt == null || next.isBefore(nextAt) ? next : nextAt,
                    keepOpen.isAfter(keepOpenUntil) ? keepOpen : keepOpenUntil,
                    notification == null ? null : notification.open());
        }
    }

    /**
     * What is rewritten of the dispatch, so that it is kept longer ({@link Retention}).
     *
     * @param since all that the dispatch needs (payloads and records) has been written, or rewritten, since then
     * @param soFar what has been rewritten of it since that became due; null if nothing
     */
    public record Refresh(Instant since, @Nullable RefreshProgress soFar) {}

    /**
     * None of its messages is sent. Its steps are read once a rule can act on them; those of earlier dispatches at once, as
     * they may have ended before.
     *
     * @param writtenSince all that it needs has been written since then, steps of earlier dispatches too
     * @param actAt when a rule can first act on one of its steps, whatever happens; null if none can
     */
    public static Dispatch unsent(
            DispatchId id, Accepted accepted, Instant firstSweepAt, Instant writtenSince, @Nullable Instant actAt) {
        return new Dispatch(
                id,
                accepted,
                new Sending(null, accepted.createdAt(), 0),
                Progress.from(new Reading(
                        null, null, accepted.attached() == 0 ? actAt : Instant.EPOCH, 0, accepted.createdAt())),
                new Schedule(firstSweepAt, Instant.EPOCH),
                new Refresh(writtenSince, null),
                1);
    }

    /** As accepted, with whom to tell when it has ended; null: nobody. */
    public Dispatch notifying(@Nullable Notification notification) {
        return new Dispatch(
                id,
                accepted,
                sending,
                progress,
                new Schedule(schedule.nextAt, schedule.keepOpenUntil, notification),
                refresh,
                version);
    }

    public String runId() {
        return id.runId();
    }

    public String dispatchId() {
        return id.dispatchId();
    }

    public boolean closed() {
        return schedule.nextAt == null;
    }

    /** When a sweep is to visit it: while it is open, and while it is closed and owes a notification; else null. */
    public @Nullable Instant dueAt() {
        Notification notification = schedule.notification;
        return closed() && notification != null ? notification.nextTryAt() : schedule.nextAt;
    }

    /** The sweeper's bucket of the dispatch while it is due some time. */
    public int openBucket() {
        return Shards.of(runId() + "#" + dispatchId(), Shards.OPEN_BUCKETS);
    }

    /** Steps by state, as last counted; steps that were never counted are QUEUED. */
    public SortedMap<StepState.Name, Integer> counts() {
        SortedMap<StepState.Name, Integer> all = new TreeMap<>(progress.finishedCounts);
        progress.openCounts.forEach((state, count) -> all.merge(state, count, Integer::sum));
        int counted = all.values().stream().mapToInt(Integer::intValue).sum();
        if (counted < accepted.stepCount) {
            all.merge(StepState.Name.QUEUED, accepted.stepCount - counted, Integer::sum);
        }
        return all;
    }

    public Dispatch sent(Instant now) {
        return next(new Sending(now, now, sending.resends), progress, schedule, refresh);
    }

    /** One sweeper takes it; the others see a later sweep. */
    public Dispatch taken(Instant next) {
        return next(sending, progress, schedule.withNextAt(next), refresh);
    }

    /**
     * Returned to the sweeper before a redrive touches a record; everything is counted again. A sweep that is due
     * before {@code next} stays due then: the dispatch's other steps wait for it, however often some are redriven.
     */
    public Dispatch reopened(Instant next, Instant keepOpen) {
        return next(sending, Progress.NONE, schedule.reopened(next, keepOpen), refresh);
    }

    /** What a sweep counted. {@code next} null closes the dispatch. */
    public Dispatch swept(Progress counted, boolean resent, Instant now, @Nullable Instant next) {
        return next(
                resent ? sending.again(now) : sending,
                counted,
                next == null ? schedule.closed(version + 1, now) : schedule.withNextAt(next),
                refresh);
    }

    /** A try to tell that it has ended is begun; if nothing is heard of it, the next one follows after a wait. */
    public Dispatch telling(Instant now, Duration sweepEvery) {
        return next(sending, progress, schedule.telling(owed -> owed.tried(now, sweepEvery)), refresh);
    }

    /** Its notification is accepted. */
    public Dispatch told() {
        return next(sending, progress, schedule.telling(Notification::sent), refresh);
    }

    /** The try to tell has failed; the next one follows, unless it was the last or further ones are of no use. */
    public Dispatch notTold(String why, boolean forGood) {
        return next(sending, progress, schedule.telling(owed -> owed.failed(why, forGood)), refresh);
    }

    /** This part of it has been rewritten. */
    public Dispatch refreshing(RefreshProgress soFar) {
        return next(sending, progress, schedule, new Refresh(refresh.since, soFar));
    }

    /** All that it needs has been rewritten since then. */
    public Dispatch refreshed(Instant since) {
        return next(sending, progress, schedule, new Refresh(since, null));
    }

    /** The next version. */
    private Dispatch next(Sending sends, Progress counted, Schedule sweeps, Refresh kept) {
        return new Dispatch(id, accepted, sends, counted, sweeps, kept, version + 1);
    }
}
