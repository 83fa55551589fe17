package dev.stepstile.usecase;

import dev.stepstile.port.DamagedData;
import dev.stepstile.port.PortException;
import dev.stepstile.port.StepQueue;
import dev.stepstile.port.StepStore;
import dev.stepstile.port.StepStore.DispatchRef;
import dev.stepstile.step.Dispatch;
import dev.stepstile.step.Run;
import dev.stepstile.step.Shards;
import dev.stepstile.step.StepBits;
import dev.stepstile.step.StepError;
import dev.stepstile.step.StepEvent;
import dev.stepstile.step.StepRecord;
import dev.stepstile.step.StepSpec;
import dev.stepstile.step.StepState;
import java.time.Instant;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.MDC;

/**
 * Finds what got stuck, by comparing what must happen with what has happened. Two sweeps at once do no harm: one takes
 * a dispatch, and every write is conditional.
 */
public final class Sweep {
    private static final Logger LOG = LoggerFactory.getLogger(Sweep.class);
    private static final int DUE_PER_BUCKET = 100;
    private static final int ACTS_AT_ONCE = 16;

    private final StepStore store;
    private final StepQueue queue;
    private final ManifestReader manifests;
    private final RetentionRefresher refresher;
    private final StepSender sender;
    private final StepRecorder recorder;
    private final DeadLetterer deadLetterer;
    private final Timing timing;
    private final EngineRuntime runtime;
    private final Meter meter;

    public Sweep(
            StepStore store,
            StepQueue queue,
            Payloads payloads,
            StepRecorder recorder,
            DeadLetterer deadLetterer,
            Timing timing,
            EngineRuntime runtime,
            Meter meter) {
        this.store = store;
        this.queue = queue;
        this.manifests = new ManifestReader(store, payloads, runtime.tasks());
        this.refresher = new RetentionRefresher(store, payloads, runtime);
        this.sender = new StepSender(queue);
        this.recorder = recorder;
        this.deadLetterer = deadLetterer;
        this.timing = timing;
        this.runtime = runtime;
        this.meter = meter;
    }

    /**
     * Works through the dispatches that are due.
     *
     * @param deadline when to stop; what is left is due again in the next sweep
     */
    public SweepReport sweep(Instant deadline) throws InterruptedException {
        SweepReport report = SweepReport.NOTHING;
        List<DispatchRef> toRefresh = new ArrayList<>();
        Instant until = runtime.now().plus(timing.sweepEvery().dividedBy(2));
        int first =
                runtime.random().nextInt(Shards.OPEN_BUCKETS); // else one that kills the sweeper hides those behind it
        for (int i = 0; i < Shards.OPEN_BUCKETS; i++) {
            int bucket = (first + i) % Shards.OPEN_BUCKETS;
            List<DispatchRef> due = store.due(bucket, until, DUE_PER_BUCKET);
            while (!due.isEmpty() && runtime.now().isBefore(deadline)) {
                int before = report.dispatches();
                for (DispatchRef ref : due) {
                    if (runtime.now().isBefore(deadline)) {
                        report = report.plus(sweepIfTaken(ref, until, toRefresh));
                    }
                }
                boolean more = due.size() == DUE_PER_BUCKET && report.dispatches() > before;
                due = more ? store.due(bucket, until, DUE_PER_BUCKET) : List.of();
            }
        }
        for (DispatchRef ref : toRefresh) { // last: it may take long, and nobody waits for it
            refresher.goOn(ref, deadline);
        }
        if (report.dispatches() > 0) {
            LOG.debug("Swept: {}", report);
        }
        return report;
    }

    private SweepReport sweepIfTaken(DispatchRef ref, Instant until, List<DispatchRef> toRefresh)
            throws InterruptedException {
        try (MDC.MDCCloseable _ = MDC.putCloseable("run", ref.runId())) {
            Optional<Dispatch> read = store.dispatch(ref.runId(), ref.dispatchId());
            if (read.isEmpty()) {
                return SweepReport.NOTHING;
            }
            Instant due = read.get().nextSweepAt();
            if (due == null || due.isAfter(until)) {
                return SweepReport.NOTHING; // the index lags behind, or another sweep was here
            }
            Dispatch taken = read.get().taken(runtime.now().plus(timing.sweepEvery()));
            if (!store.replace(taken)) {
                return SweepReport.NOTHING;
            }
            meter.add(Metric.DISPATCHES_SWEPT);
            if (refresher.isDue(taken)) {
                toRefresh.add(ref);
            }
            return sweep(taken);
        } catch (DamagedData e) {
            LOG.error("Dispatch {}/{}: cannot be swept. {}", ref.runId(), ref.dispatchId(), e.getMessage());
            return new SweepReport(0, 0, 0, 0, 0, 0, 0, 1);
        } catch (PortException e) {
            LOG.warn(
                    "Dispatch {}/{}: sweep broken off ({}); the next one goes on.",
                    ref.runId(),
                    ref.dispatchId(),
                    e.getMessage());
            return new SweepReport(1, 0, 0, 0, 0, 0, 0, 1);
        }
    }

    private SweepReport sweep(Dispatch dispatch) throws InterruptedException {
        long cancelSeq = store.keepRun(dispatch.runId()).map(Run::cancelSeq).orElse(0L);
        boolean visible = queue.anyVisible();
        Recovery.Scene scene = new Recovery.Scene(dispatch, cancelSeq, visible, timing);
        List<StepSpec> steps;
        try {
            steps = manifests.steps(dispatch);
        } catch (Payloads.Missing missing) {
            return endWithoutManifest(dispatch, missing);
        }
        BitSet finished = dispatch.finished().toBitSet();
        List<StepSpec> unfinished = new ArrayList<>();
        for (StepSpec step : steps) {
            if (!finished.get(step.settings().index())) {
                unfinished.add(step);
            }
        }
        Instant now = runtime.now(); // before the records: what a redriver does after it has not been seen
        Records records = manifests.records(unfinished);
        records.tellDamaged(
                LOG,
                dispatch.runId(),
                "the sweep recovers the others, and dispatch " + dispatch.dispatchId() + " stays open.");
        meter.add(Metric.RECORDS_DAMAGED, records.damaged().size());
        List<Acted> acted = ParallelCalls.map(runtime.tasks(), ACTS_AT_ONCE, "recover", unfinished, named -> {
            if (records.isDamaged(named.id().stepKey())) { // whether it has ended is not known: it is never done
                return new Acted(named, StepState.Name.UNKNOWN, false, false, new SweepReport(0, 0, 0, 0, 0, 0, 0, 1));
            }
            StepRecord record = records.of(named.id().stepKey());
            StepSpec spec = named.as(record);
            return act(spec, record, Recovery.decide(spec, record, scene, now));
        });
        return conclude(dispatch, finished, unfinished, acted, now);
    }

    /** What was done about a step, which its record may have other settings for than its manifest, and its state now. */
    private record Acted(StepSpec spec, StepState.Name state, boolean done, boolean send, SweepReport report) {}

    private Acted act(StepSpec spec, @Nullable StepRecord record, Recovery.Decision decision) {
        StepState.Name state =
                record == null ? StepState.Name.QUEUED : record.state().name();
        Acted left = new Acted(spec, state, false, false, SweepReport.NOTHING);
        try {
            return switch (decision) {
                case Recovery.Decision.Leave leave -> left;
                case Recovery.Decision.Done done -> new Acted(spec, state, true, false, SweepReport.NOTHING);
                case Recovery.Decision.Resend resend ->
                    new Acted(spec, state, false, true, new SweepReport(0, 0, 1, 0, 0, 0, 0, 0));
                case Recovery.Decision.Bury(StepState.Dead dead)
                when record != null -> {
                    deadLetterer.moveToDeadLetters(spec, record, dead);
                    yield new Acted(spec, state, false, false, new SweepReport(0, 0, 0, 0, 0, 1, 0, 0));
                }
                case Recovery.Decision.Bury moveToDeadLetters -> left;
                case Recovery.Decision.Reclaim reclaim ->
                    after(
                            spec,
                            record,
                            new StepEvent.Expire(timing.margin()),
                            new SweepReport(0, 0, 0, 1, 0, 0, 0, 0),
                            left);
                case Recovery.Decision.Cancel cancel ->
                    after(
                            spec,
                            record,
                            new StepEvent.Cancel(
                                    spec,
                                    store.run(spec.id().runId())
                                            .map(Run::cancelSeq)
                                            .orElse(0L)),
                            new SweepReport(0, 0, 0, 0, 1, 0, 0, 0),
                            left);
                case Recovery.Decision.Discard(StepError error) ->
                    after(
                            spec,
                            record,
                            new StepEvent.Discard(spec, error),
                            new SweepReport(0, 0, 0, 0, 0, 0, 1, 0),
                            left);
            };
        } catch (PortException e) {
            LOG.warn("Step {}: not recovered yet ({}); the next sweep tries again.", spec.id(), e.getMessage());
            return new Acted(spec, state, false, false, new SweepReport(0, 0, 0, 0, 0, 0, 0, 1));
        }
    }

    private Acted after(StepSpec spec, @Nullable StepRecord record, StepEvent event, SweepReport report, Acted left) {
        if (!(recorder.apply(spec.id(), record, event) instanceof StepRecorder.Recorded.Wrote(StepRecord wrote))) {
            return left;
        }
        return switch (wrote.state()) {
            case StepState.Dead dead -> {
                deadLetterer.moveToDeadLetters(spec, wrote, dead);
                yield new Acted(
                        spec, StepState.Name.DEAD, false, false, report.plus(new SweepReport(0, 0, 0, 0, 0, 1, 0, 0)));
            }
            case StepState.Retrying retrying -> new Acted(spec, StepState.Name.RETRYING, false, true, report);
            case StepState.Running running -> new Acted(spec, StepState.Name.RUNNING, false, false, report);
            case StepState.Ended ended -> new Acted(spec, ended.name(), true, false, report);
        };
    }

    /** @param read when the records were */
    private SweepReport conclude(
            Dispatch dispatch, BitSet finished, List<StepSpec> steps, List<Acted> acted, Instant read) {
        boolean redriverMayWrite = read.isBefore(dispatch.keepOpenUntil());
        SweepReport report = new SweepReport(1, 0, 0, 0, 0, 0, 0, 0);
        SortedMap<StepState.Name, Integer> finishedCounts = new TreeMap<>(dispatch.finishedCounts());
        SortedMap<StepState.Name, Integer> openCounts = new TreeMap<>();
        List<StepSpec> toSend = new ArrayList<>();
        for (int i = 0; i < steps.size(); i++) {
            Acted act = acted.get(i);
            report = report.plus(act.report());
            boolean done = act.done() && (act.state() == StepState.Name.SUCCEEDED || !redriverMayWrite);
            if (done) {
                finished.set(steps.get(i).settings().index());
            }
            (done ? finishedCounts : openCounts).merge(act.state(), 1, Integer::sum);
            if (act.send()) {
                toSend.add(act.spec());
            }
        }
        boolean sent = toSend.isEmpty() || sender.send(toSend);
        boolean queuedSent = sent && acted.stream().anyMatch(act -> act.send() && act.state() == StepState.Name.QUEUED);
        meter.add(Metric.STEPS_RESENT, report.resent());
        meter.add(Metric.STEPS_RECLAIMED, report.reclaimed());
        Instant now = runtime.now();
        boolean close = finished.cardinality() == dispatch.stepCount()
                && !redriverMayWrite
                && !refresher.isDue(dispatch); // else what it needs could be gone before it
        Dispatch swept = dispatch.swept(
                StepBits.of(finished),
                finishedCounts,
                openCounts,
                queuedSent,
                now,
                close ? null : dispatch.nextSweepAt());
        boolean stored = store.replace(swept); // false: a redrive reopened it meanwhile, and the next sweep counts anew
        if (close && stored) {
            meter.add(Metric.DISPATCHES_CLOSED);
            LOG.info("Dispatch {}/{}: closed, {}.", dispatch.runId(), dispatch.dispatchId(), finishedCounts);
            return report.plus(new SweepReport(0, 1, 0, 0, 0, 0, 0, 0));
        }
        return report;
    }

    /** Without its manifest a dispatch cannot go on: what it had started ends DEAD, and it is closed, said so. */
    private SweepReport endWithoutManifest(Dispatch dispatch, Payloads.Missing missing) {
        LOG.error(
                "Dispatch {}/{}: its manifest is gone ({}); its unfinished steps end DEAD.",
                dispatch.runId(),
                dispatch.dispatchId(),
                missing.getMessage());
        StepError error = new StepError(StepError.Kind.PAYLOAD_MISSING, "Manifest: " + missing.getMessage());
        Instant now = runtime.now();
        int open = 0;
        int discarded = 0;
        SortedMap<StepState.Name, Integer> counts = new TreeMap<>();
        for (int shard = 0; shard < dispatch.shards(); shard++) {
            String after = null;
            List<StepRecord> page;
            do {
                page = store.list(dispatch.runId(), shard, after, 200);
                for (StepRecord record : page) {
                    after = record.id().stepKey();
                    if (record.settings().dispatchId().equals(dispatch.dispatchId())) {
                        StepState.Name state = endWithoutManifest(record, error);
                        counts.merge(state, 1, Integer::sum);
                        discarded += state == record.state().name() ? 0 : 1;
                        open += state == StepState.Name.RUNNING ? 1 : 0;
                    }
                }
            } while (!page.isEmpty());
        }
        boolean close = open == 0 && !now.isBefore(dispatch.keepOpenUntil());
        boolean stored = store.replace(dispatch.swept(
                StepBits.NONE, counts, new TreeMap<>(), false, now, close ? null : dispatch.nextSweepAt()));
        return new SweepReport(1, close && stored ? 1 : 0, 0, 0, 0, 0, discarded, 0);
    }

    private StepState.Name endWithoutManifest(StepRecord record, StepError error) {
        StepSpec spec = new StepSpec(
                record.id(),
                record.shard(),
                record.settings(),
                dev.stepstile.step.Payload.NULL,
                new TreeMap<>(),
                new TreeMap<>(),
                Instant.EPOCH);
        StepRecord current = record;
        if (recorder.apply(record.id(), current, new StepEvent.Expire(timing.margin()))
                instanceof StepRecorder.Recorded.Wrote(StepRecord expired)) {
            current = expired;
        }
        if (recorder.apply(record.id(), current, new StepEvent.Discard(spec, error))
                instanceof StepRecorder.Recorded.Wrote(StepRecord discarded)) {
            current = discarded;
        }
        if (current.state() instanceof StepState.Dead dead && dead.deadLetteredAt() == null) {
            deadLetterer.moveToDeadLetters(spec, current, dead);
        }
        return current.state().name();
    }
}
