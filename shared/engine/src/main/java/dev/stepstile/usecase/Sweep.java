package dev.stepstile.usecase;

import dev.stepstile.port.DamagedData;
import dev.stepstile.port.PortException;
import dev.stepstile.port.StepQueue;
import dev.stepstile.port.StepStore;
import dev.stepstile.step.Dispatch;
import dev.stepstile.step.DispatchId;
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
    private final AbandonedDispatch abandoned;
    private final RetentionRefresher refresher;
    private final StepSender sender;
    private final StepCanceller canceller;
    private final WorkerWatch watch;
    private final StepRecorder recorder;
    private final DeadLetterer deadLetterer;
    private final Timing timing;
    private final EngineRuntime runtime;
    private final Meter meter;

    Sweep(EngineParts parts) {
        this.store = parts.store();
        this.queue = parts.queue();
        this.manifests = new ManifestReader(
                parts.store(), parts.payloads(), parts.runtime().tasks());
        this.abandoned = new AbandonedDispatch(parts);
        this.refresher = new RetentionRefresher(parts.store(), parts.payloads(), parts.runtime());
        this.sender = new StepSender(parts.queue());
        this.canceller = new StepCanceller(parts);
        this.watch = new WorkerWatch(parts);
        this.recorder = parts.recorder();
        this.deadLetterer = parts.deadLetterer();
        this.timing = parts.timing();
        this.runtime = parts.runtime();
        this.meter = parts.meter();
    }

    /**
     * Works through the dispatches that are due.
     *
     * @param deadline when to stop; what is left is due again in the next sweep
     */
    public SweepReport sweep(Instant deadline) throws InterruptedException {
        SweepReport report =
                watch.look(() -> runtime.now().isBefore(deadline)); // first: the steps of lost workers are waited for
        List<DispatchId> toRefresh = new ArrayList<>();
        Instant until = runtime.now().plus(timing.sweepEvery().dividedBy(2));
        int first =
                runtime.random().nextInt(Shards.OPEN_BUCKETS); // else one that kills the sweeper hides those behind it
        for (int i = 0; i < Shards.OPEN_BUCKETS; i++) {
            int bucket = (first + i) % Shards.OPEN_BUCKETS;
            List<DispatchId> due = store.due(bucket, until, DUE_PER_BUCKET);
            while (!due.isEmpty() && runtime.now().isBefore(deadline)) {
                int before = report.dispatches();
                for (DispatchId ref : due) {
                    if (runtime.now().isBefore(deadline)) {
                        report = report.plus(sweepIfTaken(ref, until, toRefresh));
                    }
                }
                boolean more = due.size() == DUE_PER_BUCKET && report.dispatches() > before;
                due = more ? store.due(bucket, until, DUE_PER_BUCKET) : List.of();
            }
        }
        for (DispatchId ref : toRefresh) { // last: it may take long, and nobody waits for it
            refresher.goOn(ref, deadline);
        }
        if (report.dispatches() > 0) {
            LOG.debug("Swept: {}", report);
        }
        return report;
    }

    private SweepReport sweepIfTaken(DispatchId ref, Instant until, List<DispatchId> toRefresh)
            throws InterruptedException {
        try (LogContext.Scope _ = LogContext.of(ref.runId()).open()) {
            Optional<Dispatch> read = store.dispatch(ref.runId(), ref.dispatchId());
            if (read.isEmpty()) {
                return SweepReport.NOTHING;
            }
            Instant due = read.get().schedule().nextAt();
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
            return SweepReport.UNREACHABLE;
        } catch (PortException e) {
            LOG.warn(
                    "Dispatch {}/{}: sweep interrupted ({}); the next sweep continues.",
                    ref.runId(),
                    ref.dispatchId(),
                    e.getMessage());
            return SweepReport.DISPATCH.plus(SweepReport.UNREACHABLE);
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
            return abandoned.end(dispatch, missing);
        }
        BitSet finished = dispatch.progress().finished().toBitSet();
        List<StepSpec> unfinished = new ArrayList<>();
        for (StepSpec step : steps) {
            if (!finished.get(step.settings().index())) {
                unfinished.add(step);
            }
        }
        Instant now = runtime.now(); // before the records: what a redriver does after it has not been seen
        Records records = manifests.records(unfinished);
        records.logDamaged(
                LOG,
                dispatch.runId(),
                "the sweep recovers the others, and dispatch " + dispatch.dispatchId() + " stays open.");
        meter.add(Metric.RECORDS_DAMAGED, records.damaged().size());
        List<Acted> acted = ParallelCalls.map(runtime.tasks(), ACTS_AT_ONCE, "recover", unfinished, named -> {
            if (records.isDamaged(named.id().stepKey())) { // whether it has ended is not known: it is never done
                return Acted.reported(named, StepState.Name.UNKNOWN, SweepReport.UNREACHABLE);
            }
            StepRecord record = records.of(named.id().stepKey());
            StepSpec spec = named.as(record);
            return act(spec, record, Recovery.decide(spec, record, scene, now));
        });
        return conclude(dispatch, finished, unfinished, acted, now);
    }

    /**
     * What was done about a step.
     *
     * @param spec with the settings of its record, which a redrive may have changed
     * @param state the step's state now
     * @param done whether it is not looked at again
     * @param send whether its message is to be sent
     */
    private record Acted(StepSpec spec, StepState.Name state, boolean done, boolean send, SweepReport report) {
        static Acted left(StepSpec spec, StepState.Name state) {
            return reported(spec, state, SweepReport.NOTHING);
        }

        static Acted reported(StepSpec spec, StepState.Name state, SweepReport report) {
            return new Acted(spec, state, false, false, report);
        }

        static Acted done(StepSpec spec, StepState.Name state, SweepReport report) {
            return new Acted(spec, state, true, false, report);
        }

        static Acted toSend(StepSpec spec, StepState.Name state, SweepReport report) {
            return new Acted(spec, state, false, true, report);
        }
    }

    private Acted act(StepSpec spec, @Nullable StepRecord record, Recovery.Decision decision) {
        StepState.Name state =
                record == null ? StepState.Name.QUEUED : record.state().name();
        try {
            return switch (decision) {
                case Recovery.Decision.Leave _ -> Acted.left(spec, state);
                case Recovery.Decision.Done _ -> Acted.done(spec, state, SweepReport.NOTHING);
                case Recovery.Decision.Resend _ -> Acted.toSend(spec, state, SweepReport.RESENT);
                case Recovery.Decision.MoveToDeadLetters(StepRecord dead, StepState.Dead end) -> {
                    deadLetterer.moveToDeadLetters(spec, dead, end);
                    yield Acted.reported(spec, state, SweepReport.DEAD_LETTERED);
                }
                case Recovery.Decision.Reclaim _ ->
                    record(spec, record, new StepEvent.Expire(timing.margin()), SweepReport.RECLAIMED);
                case Recovery.Decision.Cancel _ ->
                    recorded(spec, record, canceller.cancel(spec, record, cancelSeq(spec)), SweepReport.CANCELLED);
                case Recovery.Decision.AskAgain _ -> {
                    canceller.askWorker(record);
                    yield Acted.left(spec, state);
                }
                case Recovery.Decision.Discard(StepError error) ->
                    record(spec, record, new StepEvent.Discard(spec, error), SweepReport.DISCARDED);
            };
        } catch (PortException e) {
            LOG.warn("Step {}: not recovered yet ({}); the next sweep tries again.", spec.id(), e.getMessage());
            return Acted.reported(spec, state, SweepReport.UNREACHABLE);
        }
    }

    private long cancelSeq(StepSpec spec) {
        return store.run(spec.id().runId()).map(Run::cancelSeq).orElse(0L);
    }

    private Acted record(StepSpec spec, @Nullable StepRecord record, StepEvent event, SweepReport report) {
        return recorded(spec, record, recorder.apply(spec.id(), record, event), report);
    }

    private Acted recorded(
            StepSpec spec, @Nullable StepRecord record, StepRecorder.Recorded recorded, SweepReport report) {
        if (!(recorded instanceof StepRecorder.Recorded.Wrote(StepRecord written))) {
            return Acted.left(
                    spec,
                    record == null ? StepState.Name.QUEUED : record.state().name());
        }
        return switch (written.state()) {
            case StepState.Dead dead -> {
                deadLetterer.moveToDeadLetters(spec, written, dead);
                yield Acted.reported(spec, StepState.Name.DEAD, report.plus(SweepReport.DEAD_LETTERED));
            }
            case StepState.Retrying _ -> Acted.toSend(spec, StepState.Name.RETRYING, report);
            case StepState.Running _ -> Acted.reported(spec, StepState.Name.RUNNING, report);
            case StepState.Ended ended -> Acted.done(spec, ended.name(), report);
        };
    }

    /** @param read when the records were */
    private SweepReport conclude(
            Dispatch dispatch, BitSet finished, List<StepSpec> steps, List<Acted> acted, Instant read) {
        boolean redriverMayWrite = read.isBefore(dispatch.schedule().keepOpenUntil());
        SweepReport report = acted.stream().map(Acted::report).reduce(SweepReport.DISPATCH, SweepReport::plus);
        List<StepSpec> toSend =
                acted.stream().filter(Acted::send).map(Acted::spec).toList();
        SortedMap<StepState.Name, Integer> finishedCounts =
                new TreeMap<>(dispatch.progress().finishedCounts());
        SortedMap<StepState.Name, Integer> openCounts = new TreeMap<>();
        for (int i = 0; i < steps.size(); i++) {
            Acted act = acted.get(i);
            boolean done = act.done() && (act.state() == StepState.Name.SUCCEEDED || !redriverMayWrite);
            if (done) {
                finished.set(steps.get(i).settings().index());
            }
            (done ? finishedCounts : openCounts).merge(act.state(), 1, Integer::sum);
        }
        boolean sent = toSend.isEmpty() || sender.send(toSend);
        boolean queuedSent = sent && acted.stream().anyMatch(act -> act.send() && act.state() == StepState.Name.QUEUED);
        meter.add(Metric.STEPS_RESENT, report.steps().resent());
        meter.add(Metric.STEPS_RECLAIMED, report.steps().reclaimed());
        Instant now = runtime.now();
        boolean close = finished.cardinality() == dispatch.accepted().stepCount()
                && !redriverMayWrite
                && !refresher.isDue(dispatch); // else what it needs could be gone before it
        Dispatch swept = dispatch.swept(
                new Dispatch.Progress(StepBits.of(finished), finishedCounts, openCounts, now),
                queuedSent,
                now,
                close ? null : dispatch.schedule().nextAt());
        boolean stored = store.replace(swept); // false: a redrive reopened it, and the next sweep counts again
        if (close && stored) {
            meter.add(Metric.DISPATCHES_CLOSED);
            LOG.info("Dispatch {}/{}: closed, {}.", dispatch.runId(), dispatch.dispatchId(), finishedCounts);
            return report.plus(SweepReport.CLOSED);
        }
        return report;
    }
}
