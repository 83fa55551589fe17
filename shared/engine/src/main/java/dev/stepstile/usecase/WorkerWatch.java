package dev.stepstile.usecase;

import dev.stepstile.port.PortException;
import dev.stepstile.port.WorkerStore;
import dev.stepstile.step.WorkerRecord;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Looks for workers that have fallen silent, revokes them, and has their steps recovered. Running workers do so now and
 * then, about ten in ten seconds however many there are, and the sweeper does so on its schedule. Two at once do no harm.
 */
final class WorkerWatch {
    private static final Logger LOG = LoggerFactory.getLogger(WorkerWatch.class);
    private static final int PAGE = 100;

    /** How many of the running workers look in {@link Timing#lookEvery}, on average. */
    private static final int LOOKERS = 10;

    /** How many workers one look recovers at most, of a running worker: it has steps of its own. */
    private static final int RECOVERIES = 10;

    private final WorkerStore store;
    private final WorkerRecovery recovery;
    private final Timing timing;
    private final EngineRuntime runtime;

    /** How many workers the last look saw. */
    private volatile int seen = 1;

    WorkerWatch(EngineParts parts) {
        this.store = parts.workers();
        this.recovery = new WorkerRecovery(parts);
        this.timing = parts.timing();
        this.runtime = parts.runtime();
    }

    /** When a worker that has just started looks first, so that workers that start together do not look together. */
    Duration firstLookIn() {
        return Duration.ofMillis(runtime.random().nextLong(timing.lookEvery().toMillis()));
    }

    /** Looks beside the worker's heartbeats, unless the look before has not ended, or enough others look. */
    Tasks.@Nullable Task<SweepReport> lookSometimes(Tasks.@Nullable Task<SweepReport> before) {
        if ((before != null && !ended(before)) || runtime.random().nextInt(Math.max(1, seen)) >= LOOKERS) {
            return before;
        }
        return runtime.tasks().fork("look for silent workers", () -> look(Instant.MAX, RECOVERIES));
    }

    private boolean ended(Tasks.Task<SweepReport> look) {
        try {
            return look.joinUntil(runtime.now());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }

    /** The worker ends: what its look has not recovered, others do. */
    void endLook(Tasks.@Nullable Task<SweepReport> look) {
        if (look != null && !ended(look)) {
            look.giveUp();
        }
    }

    /**
     * Looks at all workers.
     *
     * @param most how many silent ones to recover at most
     * @return what was done
     */
    SweepReport look(Instant deadline, int most) {
        return recover(this::isLost, deadline, most);
    }

    /** Recovers all workers, silent or not, of which the caller knows that none lives. */
    SweepReport recoverAll() {
        return recover(anyWorker -> true, Instant.MAX, Integer.MAX_VALUE);
    }

    private SweepReport recover(Predicate<WorkerRecord> isLost, Instant deadline, int most) {
        SweepReport report = SweepReport.NOTHING;
        int found = 0;
        int recovered = 0;
        int first = runtime.random().nextInt(WorkerRecord.BUCKETS);
        for (int i = 0; i < WorkerRecord.BUCKETS; i++) {
            int bucket = (first + i) % WorkerRecord.BUCKETS;
            @Nullable String after = null;
            List<WorkerRecord> page;
            do {
                page = list(bucket, after);
                for (WorkerRecord worker : page) {
                    after = worker.id();
                    found++;
                    if (recovered < most && runtime.now().isBefore(deadline) && isLost.test(worker)) {
                        report = report.plus(recover(worker));
                        recovered++;
                    }
                }
            } while (page.size() == PAGE);
        }
        seen = Math.max(1, found);
        return report;
    }

    private List<WorkerRecord> list(int bucket, @Nullable String after) {
        try {
            return store.workers(bucket, after, PAGE);
        } catch (PortException e) {
            LOG.warn("The workers of bucket {} are not read ({}); the next look reads them.", bucket, e.getMessage());
            return List.of();
        }
    }

    private boolean isLost(WorkerRecord worker) {
        Instant now = runtime.now();
        Instant revokedAt = worker.revokedAt();
        return revokedAt == null
                ? worker.isSilent(now, timing.margin())
                : !now.isBefore(revokedAt.plus(timing.lookEvery())); // whoever revoked it has not finished
    }

    private SweepReport recover(WorkerRecord worker) {
        try {
            if (!store.revoke(worker, runtime.now())) {
                return SweepReport.NOTHING; // it lives, or another one recovers it
            }
            if (worker.revokedAt() == null) {
                LOG.warn(
                        "Worker {}: silent since {}; revoked, and its steps are sent again.",
                        worker.id(),
                        worker.leaseUntil().minus(timing.lease()));
            }
            return recovery.recover(worker);
        } catch (PortException e) {
            LOG.warn("Worker {}: not recovered yet ({}); a later look goes on.", worker.id(), e.getMessage());
            return SweepReport.UNREACHABLE;
        }
    }
}
