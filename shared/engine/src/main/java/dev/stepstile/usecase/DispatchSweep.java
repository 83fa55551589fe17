package dev.stepstile.usecase;

import dev.stepstile.port.StepQueue;
import dev.stepstile.port.StepStore;
import dev.stepstile.step.Dispatch;
import dev.stepstile.step.Pauses;
import dev.stepstile.step.Payload;
import dev.stepstile.step.Run;
import dev.stepstile.step.StepBits;
import dev.stepstile.step.StepRecord;
import dev.stepstile.step.StepSpec;
import dev.stepstile.step.StepState;
import dev.stepstile.usecase.StepRecovery.Acted;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One sweep's visits to dispatches. It costs what has changed: successes are counted from the feed, and records are read of
 * steps that ended otherwise, or of all unfinished steps if a rule could act on one ({@link DueReading}).
 */
final class DispatchSweep {
    private static final Logger LOG = LoggerFactory.getLogger(DispatchSweep.class);
    private static final int ACTS_AT_ONCE = 16;

    private final StepStore store;
    private final StepQueue queue;
    private final ManifestReader manifests;
    private final AbandonedDispatch abandoned;
    private final RetentionRefresher refresher;
    private final StepSender sender;
    private final StepRecovery recovery;
    private final Timing timing;
    private final EngineRuntime runtime;
    private final Meter meter;
    private final Traces traces;
    private final RecentEnds ends;
    private final WorkerWatch.Look workers;
    private final ClosingNotices notices;
    private final OldestWait waits;
    private final KnownPauses pauses;
    private Duration feedLag = Duration.ZERO;
    private long queued;
    private @Nullable Boolean queueShowsMessages;

    /**
     * @param workers as this sweep has found them
     * @param notices takes what closed dispatches owe
     */
    DispatchSweep(EngineParts parts, RetentionRefresher refresher, WorkerWatch.Look workers, ClosingNotices notices) {
        this.store = parts.store();
        this.queue = parts.queue();
        this.manifests = new ManifestReader(
                parts.store(), parts.payloads(), parts.runtime().tasks());
        this.abandoned = new AbandonedDispatch(parts);
        this.refresher = refresher;
        this.sender = new StepSender(parts.queue(), parts.runtime());
        this.recovery = new StepRecovery(parts, workers.workers());
        this.timing = parts.timing();
        this.runtime = parts.runtime();
        this.meter = parts.meter();
        this.traces = parts.traces();
        this.ends = new RecentEnds(parts.store(), parts.runtime());
        this.workers = workers;
        this.notices = notices;
        this.pauses = new KnownPauses(parts.ports().pauses(), parts.runtime());
        this.waits = new OldestWait(parts, manifests, workers, pauses);
    }

    /** Of the steps of the dispatches that were visited. */
    OldestWait waits() {
        return waits;
    }

    /** How many steps of the dispatches that were visited neither run nor have ended. */
    long queued() {
        return queued;
    }

    /** How late the feed showed an end that was found, at least; zero if none was late. */
    Duration feedLag() {
        return feedLag;
    }

    /**
     * Visits a dispatch, unless another sweep takes it first.
     *
     * @param next when it is visited again
     */
    SweepReport sweep(Dispatch dispatch, Instant next) throws InterruptedException {
        long cancelSeq = store.keepRun(dispatch.runId()).map(Run::cancelSeq).orElse(0L);
        Pauses recent = pauses.recent();
        Instant now = runtime.now(); // before anything is read: what a redriver does after it has not been seen
        Recovery.Scene scene = new Recovery.Scene(dispatch, cancelSeq, queueShowsMessages(), recent, timing);
        boolean due = DueReading.isDue(scene, now);
        if (due) { // what ends after now has not been seen by this reading either
            scene = scene.with(pauses.now());
        }
        Visit visit = new Visit(scene, due, ends.since(dispatch), now);
        if (visit.findsNothing()) {
            return stores(dispatch.swept(visit.unchanged(), false, now, next)) ? swept() : SweepReport.NOTHING;
        }
        Dispatch taken = dispatch.taken(next);
        return store.replace(taken) ? swept().plus(visit.act(taken)) : SweepReport.NOTHING;
    }

    /** Visits a dispatch that is closed, for what it owes. */
    SweepReport visitClosed(Dispatch closed) {
        notices.take(closed);
        return SweepReport.DISPATCH;
    }

    /** False if something changed the dispatch since: the next sweep counts again. */
    private boolean stores(Dispatch swept) {
        traces.flush(); // what is counted as ended is not looked at again
        queued += queuedOf(swept);
        boolean stored = store.replace(swept);
        if (stored) {
            waits.saw(swept);
        }
        return stored;
    }

    private static int queuedOf(Dispatch swept) {
        SortedMap<StepState.Name, Integer> open = swept.progress().openCounts();
        return open.getOrDefault(StepState.Name.QUEUED, 0) + open.getOrDefault(StepState.Name.RETRYING, 0);
    }

    private SweepReport swept() {
        meter.add(Metric.DISPATCHES_SWEPT);
        return SweepReport.DISPATCH;
    }

    /** Asked once in a sweep. */
    private boolean queueShowsMessages() {
        if (queueShowsMessages == null) {
            queueShowsMessages = queue.anyVisible();
        }
        return queueShowsMessages;
    }

    /** What the sweep finds and does at one dispatch. */
    private final class Visit {
        private final Recovery.Scene scene;
        private final boolean readsAll;
        private final RecentEnds.Ends seen;
        private final Instant now;
        private final BitSet finished;
        private final SortedMap<StepState.Name, Integer> finishedCounts;
        private final int steps;
        private final List<StepSpec> early = new ArrayList<>();
        private boolean allSent = true;

        /** @param readsAll whether the records of all unfinished steps are read */
        Visit(Recovery.Scene scene, boolean readsAll, RecentEnds.Ends seen, Instant now) {
            this.scene = scene;
            this.readsAll = readsAll;
            this.seen = seen;
            this.now = now;
            Dispatch.Progress before = scene.dispatch().progress();
            this.finished = before.finished().toBitSet();
            this.finishedCounts = new TreeMap<>(before.finishedCounts());
            this.steps = scene.dispatch().accepted().stepCount();
        }

        boolean findsNothing() {
            return !readsAll && seen.ends().isEmpty() && !isFinished();
        }

        private boolean isFinished() {
            return finished.cardinality() == steps;
        }

        Dispatch.Progress unchanged() {
            return progress(List.of());
        }

        /** @param dispatch as taken */
        SweepReport act(Dispatch dispatch) throws InterruptedException {
            List<StepSpec> toRead;
            try {
                toRead = isFinished() ? List.of() : countSuccesses(manifests.steps(dispatch));
            } catch (Payloads.Missing missing) {
                return abandoned.end(dispatch, missing, notices);
            }
            Records records = manifests.records(toRead);
            records.logDamaged(
                    LOG,
                    dispatch.runId(),
                    "the sweep recovers the others, and dispatch " + dispatch.dispatchId() + " stays open.");
            meter.add(Metric.RECORDS_DAMAGED, records.damaged().size());
            toRead.forEach(step -> noticeUnseen(records.of(step.id().stepKey())));
            List<Acted> acted = new ArrayList<>(
                    ParallelCalls.map(runtime.tasks(), ACTS_AT_ONCE, "recover", toRead, named -> act(named, records)));
            early.forEach(step -> acted.add(recovery.leave(step, scene, now)));
            return conclude(dispatch, acted);
        }

        /** Counts what succeeded, which is for good, and returns the steps whose records are to be read. */
        private List<StepSpec> countSuccesses(List<StepSpec> all) {
            List<StepSpec> toRead = new ArrayList<>();
            for (StepSpec step : all) {
                int index = step.settings().index();
                RecentEnds.End end = seen.of(step.id().stepKey());
                if (finished.get(index)) {
                    continue;
                }
                if (end != null && end.state() == StepState.Name.SUCCEEDED) {
                    finish(index, end.state());
                    noticeLate(end.at(), scene.dispatch().progress().reading().endsReadTo());
                } else if (end == null && readsAll && isEarly(step)) {
                    early.add(step);
                } else if (readsAll || end != null) {
                    toRead.add(step);
                }
            }
            return toRead;
        }

        /** Nobody can have been sent it yet, so its record is not read: it has none, or has ended, which the feed shows. */
        private boolean isEarly(StepSpec step) {
            Dispatch.Reading before = scene.dispatch().progress().reading();
            return before.readAt() != null
                    && before.cancelSeq() == scene.cancelSeq()
                    && !StepSender.isSendable(step, now)
                    && !step.settings().window().isOver(now);
        }

        /** The feed has shown it since; when it was read before, it did not. A success that was seen is counted at once. */
        private void noticeLate(Instant ended, Instant readBefore) {
            if (!ended.isBefore(scene.dispatch().accepted().createdAt()) && ended.isBefore(readBefore)) {
                Duration late = Duration.between(ended, readBefore);
                feedLag = late.compareTo(feedLag) > 0 ? late : feedLag;
            }
        }

        /** The record says that it has ended, and the feed did not show it. */
        private void noticeUnseen(@Nullable StepRecord record) {
            if (record != null
                    && record.state() instanceof StepState.Succeeded(Payload _, Instant ended)
                    && seen.of(record.id().stepKey()) == null
                    && !ended.isBefore(seen.from())) {
                noticeLate(ended, seen.to());
            }
        }

        private void finish(int index, StepState.Name end) {
            finished.set(index);
            finishedCounts.merge(end, 1, Integer::sum);
        }

        private Acted act(StepSpec named, Records records) {
            String key = named.id().stepKey();
            if (records.isDamaged(key)) { // whether it has ended is not known: it is never done
                Instant again = now.plus(DueReading.DAMAGED_AGAIN);
                return new Acted(named, StepState.Name.UNKNOWN, Acted.Next.LEAVE, again, SweepReport.UNREACHABLE);
            }
            StepRecord record = records.of(key);
            return recovery.act(named.as(record), record, scene, now);
        }

        private SweepReport conclude(Dispatch dispatch, List<Acted> acted) {
            boolean redriverMayWrite = now.isBefore(dispatch.schedule().keepOpenUntil());
            List<Acted> open = new ArrayList<>();
            for (Acted act : acted) {
                if (act.done() && (act.state() == StepState.Name.SUCCEEDED || !redriverMayWrite)) {
                    finish(act.spec().settings().index(), act.state());
                } else {
                    open.add(act);
                }
            }
            boolean queuedSent = send(acted);
            SweepReport report = acted.stream().map(Acted::report).reduce(SweepReport.NOTHING, SweepReport::plus);
            meter.add(Metric.STEPS_RESENT, report.steps().resent());
            meter.add(Metric.STEPS_RECLAIMED, report.steps().reclaimed());
            boolean close = isFinished()
                    && !redriverMayWrite
                    && !refresher.isDue(dispatch); // else what it needs could be gone before it
            Dispatch swept = dispatch.swept(
                    progress(open),
                    queuedSent,
                    runtime.now(),
                    close ? null : dispatch.schedule().nextAt());
            if (stores(swept) && close) {
                meter.add(Metric.DISPATCHES_CLOSED);
                LOG.info("Dispatch {}/{}: closed, {}.", dispatch.runId(), dispatch.dispatchId(), finishedCounts);
                notices.take(swept);
                return report.plus(SweepReport.CLOSED);
            }
            return report;
        }

        /** Whether messages were sent again of steps that nobody had claimed. */
        private boolean send(List<Acted> acted) {
            List<Acted> toSend = acted.stream()
                    .filter(act -> act.next() == Acted.Next.SEND || act.next() == Acted.Next.SEND_FIRST)
                    .toList();
            allSent = toSend.isEmpty()
                    || sender.send(toSend.stream().map(Acted::spec).toList());
            return allSent
                    && toSend.stream()
                            .anyMatch(act -> act.state() == StepState.Name.QUEUED && act.next() == Acted.Next.SEND);
        }

        private Dispatch.Progress progress(List<Acted> open) {
            Dispatch.Reading before = scene.dispatch().progress().reading();
            Instant actAt = Stream.concat(
                            Stream.ofNullable(readsAll ? null : before.actAt()),
                            open.stream().map(Acted::actAt).filter(Objects::nonNull))
                    .min(Comparator.naturalOrder())
                    .orElse(null);
            Instant readAt = allSent ? now : before.readAt(); // else the next sweep would take it for sent
            Dispatch.Reading reading = readsAll
                    ? new Dispatch.Reading(
                            readAt,
                            scene.queueShowsMessages() || !allSent ? before.emptyReadAt() : now,
                            actAt,
                            scene.cancelSeq(),
                            seen.to())
                    : new Dispatch.Reading(before.readAt(), before.emptyReadAt(), actAt, before.cancelSeq(), seen.to());
            return new Dispatch.Progress(StepBits.of(finished), finishedCounts, openCounts(open), now, reading);
        }

        /** The states of those that were read; the others run, by the items of their workers, or are as they were. */
        private SortedMap<StepState.Name, Integer> openCounts(List<Acted> open) {
            SortedMap<StepState.Name, Integer> counts = new TreeMap<>();
            open.forEach(act -> counts.merge(act.state(), 1, Integer::sum));
            Dispatch dispatch = scene.dispatch();
            SortedMap<StepState.Name, Integer> before = dispatch.progress().openCounts();
            int unread = steps - finished.cardinality() - open.size();
            unread -= add(
                    counts,
                    StepState.Name.RUNNING,
                    workers.runningOf(dispatch.id()).cardinality(),
                    unread);
            unread -= add(counts, StepState.Name.RETRYING, before.getOrDefault(StepState.Name.RETRYING, 0), unread);
            unread -= add(counts, StepState.Name.UNKNOWN, before.getOrDefault(StepState.Name.UNKNOWN, 0), unread);
            add(counts, StepState.Name.QUEUED, unread, unread);
            return counts;
        }

        private static int add(SortedMap<StepState.Name, Integer> counts, StepState.Name state, int count, int most) {
            int added = Math.min(count, most);
            if (added > 0) {
                counts.merge(state, added, Integer::sum);
            }
            return added;
        }
    }
}
