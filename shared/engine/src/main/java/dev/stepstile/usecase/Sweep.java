package dev.stepstile.usecase;

import dev.stepstile.port.DamagedData;
import dev.stepstile.port.PortException;
import dev.stepstile.port.StepStore;
import dev.stepstile.step.Dispatch;
import dev.stepstile.step.DispatchId;
import dev.stepstile.step.Shards;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Finds what got stuck, by comparing what must happen with what has happened. Two sweeps at once do no harm: one takes
 * a dispatch, and every write is conditional.
 */
public final class Sweep {
    private static final Logger LOG = LoggerFactory.getLogger(Sweep.class);
    private static final int DUE_PER_BUCKET = 100;

    private final EngineParts parts;
    private final StepStore store;
    private final RetentionRefresher refresher;
    private final WorkerWatch watch;
    private final Timing timing;
    private final EngineRuntime runtime;

    Sweep(EngineParts parts) {
        this.parts = parts;
        this.store = parts.store();
        this.refresher = new RetentionRefresher(parts.store(), parts.payloads(), parts.runtime());
        this.watch = new WorkerWatch(parts);
        this.timing = parts.timing();
        this.runtime = parts.runtime();
    }

    /**
     * Works through the dispatches that are due.
     *
     * @param deadline when to stop; what is left is due again in the next sweep
     */
    public SweepReport sweep(Instant deadline) throws InterruptedException {
        return sweepAll(deadline).report();
    }

    /**
     * As {@link #sweep}; then measures how much waits and runs, from what the sweep has found, how many dead letters there are,
     * which is one call of their queue, and for how long steps wait, which reads a few records. It changes nothing.
     */
    public SweepReport sweepAndMeasure(Instant deadline) throws InterruptedException {
        Instant began = runtime.now();
        Swept swept = sweepAll(deadline);
        parts.meter().measure(Measure.SWEEP_DURATION, Duration.between(began, runtime.now()));
        gauge(swept);
        if (runtime.now().isBefore(deadline)) {
            measureDeadLetters();
            measureLongest(swept.dispatches().waits());
        }
        return swept.report();
    }

    private void measureDeadLetters() {
        try {
            parts.meter().set(Gauge.DEAD_LETTERS, parts.ports().deadLetters().approximateCount());
        } catch (PortException e) {
            LOG.warn("Dead letters are not counted ({}); the next sweep counts them.", e.getMessage());
        }
    }

    private void measureLongest(OldestWait waits) throws InterruptedException {
        try {
            waits.longest().ifPresent(wait -> parts.meter().measure(Measure.OLDEST_WAIT, wait));
        } catch (PortException | Payloads.Missing e) {
            LOG.warn("For how long steps wait is not measured ({}); the next sweep measures it.", e.getMessage());
        }
    }

    /** What was not read whole is not told: a part of it would look as if work had ended, or workers had died. */
    private void gauge(Swept swept) {
        if (swept.workers().whole()) {
            parts.meter().set(Gauge.WORKERS, swept.workers().workers().size());
            parts.meter().set(Gauge.STEPS_RUNNING, swept.workers().runningSteps());
        }
        if (swept.all()) {
            parts.meter().set(Gauge.STEPS_QUEUED, swept.dispatches().queued());
        }
    }

    /**
     * What a sweep has found.
     *
     * @param all whether it had time for every dispatch that was due
     */
    private record Swept(SweepReport report, WorkerWatch.Look workers, DispatchSweep dispatches, boolean all) {}

    private Swept sweepAll(Instant deadline) throws InterruptedException {
        WorkerWatch.Look look =
                watch.look(() -> runtime.now().isBefore(deadline)); // first: the steps of lost workers are waited for
        ClosingNotices notices = new ClosingNotices(parts);
        DispatchSweep dispatches = new DispatchSweep(parts, refresher, look, notices);
        SweepReport report = look.report();
        List<DispatchId> toRefresh = new ArrayList<>();
        Instant until = runtime.now().plus(timing.sweepEvery().dividedBy(2));
        int first =
                runtime.random().nextInt(Shards.OPEN_BUCKETS); // else one that kills the sweeper hides those behind it
        for (int i = 0; i < Shards.OPEN_BUCKETS; i++) {
            int bucket = (first + i) % Shards.OPEN_BUCKETS;
            List<DispatchId> due = due(bucket, until);
            while (!due.isEmpty() && runtime.now().isBefore(notices.leaveTime(deadline))) {
                int before = report.dispatches();
                for (DispatchId ref : due) {
                    if (runtime.now().isBefore(notices.leaveTime(deadline))) {
                        report = report.plus(sweepIfDue(dispatches, ref, until, toRefresh));
                    }
                }
                boolean more = due.size() == DUE_PER_BUCKET && report.dispatches() > before;
                due = more ? due(bucket, until) : List.of();
            }
        }
        boolean all = runtime.now().isBefore(notices.leaveTime(deadline));
        notices.send(deadline);
        for (DispatchId ref : toRefresh) { // last: it may take long, and nobody waits for it
            refresher.goOn(ref, deadline);
        }
        if (report.dispatches() > 0) {
            LOG.debug("Swept: {}", report);
        }
        parts.meter().measure(Measure.FEED_LAG, dispatches.feedLag());
        return new Swept(report, look, dispatches, all);
    }

    /** In a new order each time: one that kills the sweeper before it is written stays the earliest. */
    private List<DispatchId> due(int bucket, Instant until) {
        List<DispatchId> due = new ArrayList<>(store.due(bucket, until, DUE_PER_BUCKET));
        Collections.shuffle(due, runtime.random());
        return due;
    }

    private SweepReport sweepIfDue(DispatchSweep dispatches, DispatchId ref, Instant until, List<DispatchId> toRefresh)
            throws InterruptedException {
        try (LogContext.Scope _ = LogContext.of(ref.runId()).open()) {
            Optional<Dispatch> read = store.dispatch(ref.runId(), ref.dispatchId());
            Instant due = read.map(Dispatch::dueAt).orElse(null);
            if (due == null || due.isAfter(until)) {
                return SweepReport.NOTHING; // the index lags behind, or another sweep was here
            }
            if (read.get().closed()) {
                return dispatches.visitClosed(read.get());
            }
            if (refresher.isDue(read.get())) {
                toRefresh.add(ref);
            }
            return dispatches.sweep(read.get(), runtime.now().plus(timing.sweepEvery()));
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
}
