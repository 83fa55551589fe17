package dev.stepstile.usecase;

import dev.stepstile.port.PortException;
import dev.stepstile.port.WorkerStore;
import dev.stepstile.step.DispatchId;
import dev.stepstile.step.WorkerRecord;
import java.time.Instant;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.BooleanSupplier;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Looks for workers that have fallen silent, revokes them, and has their steps recovered. The environments in which workers
 * run do so now and then, about ten in ten seconds however many there are, and the sweeper does so on its schedule. Two at
 * once do no harm.
 */
final class WorkerWatch {
    private static final Logger LOG = LoggerFactory.getLogger(WorkerWatch.class);
    private static final int PAGE = 100;

    /** How many environments look in {@link Timing#lookEvery}, on average. */
    private static final int LOOKERS = 10;

    /** After so many lost workers that others were quicker to revoke, a look leaves the rest to them. */
    private static final int ENOUGH_OTHERS = 10;

    private final WorkerStore store;
    private final WorkerRecovery recovery;
    private final Timing timing;
    private final EngineRuntime runtime;

    /** How many workers lived when this environment looked last. */
    private volatile int living = 1;

    /** When this environment may look next; null before its first worker. */
    private volatile @Nullable Instant nextLook;

    /** When a worker that has missed heartbeats counts as silent: the environments that have seen it look just then. */
    private volatile @Nullable Instant silentAt;

    WorkerWatch(EngineParts parts) {
        this.store = parts.workers();
        this.recovery = new WorkerRecovery(parts);
        this.timing = parts.timing();
        this.runtime = parts.runtime();
    }

    /**
     * Looks beside the worker's steps, if it is time, enough others do not, and the look before has ended. Environments that
     * start together do not look together.
     *
     * @param lives whether the worker lives: its look begins no recovery after it
     */
    Tasks.@Nullable Task<SweepReport> lookIfDue(Tasks.@Nullable Task<SweepReport> before, BooleanSupplier lives) {
        Instant now = runtime.now();
        Instant due = nextLook;
        if (due == null) {
            nextLook =
                    now.plusMillis(runtime.random().nextLong(timing.lookEvery().toMillis()));
            return before;
        }
        boolean expectsOne = isOver(silentAt, now);
        if ((now.isBefore(due) && !expectsOne) || (before != null && !hasEnded(before))) {
            return before;
        }
        silentAt = null;
        nextLook = now.plus(timing.lookEvery());
        Instant end = now.plus(timing.lookEvery());
        return expectsOne || runtime.random().nextInt(living) < LOOKERS
                ? runtime.tasks()
                        .fork(
                                "look for silent workers",
                                () -> look(() -> lives.getAsBoolean()
                                                && runtime.now().isBefore(end))
                                        .report())
                : before;
    }

    /**
     * Awaits the look of a worker that ends. Left behind, it would be frozen with its environment, and send in a later
     * invocation what it read in this one.
     */
    void await(Tasks.@Nullable Task<SweepReport> look) {
        if (look != null) {
            try {
                look.join();
            } catch (InterruptedException toldToStop) {
                look.giveUp();
                Thread.currentThread().interrupt();
            }
        }
    }

    private static boolean isOver(@Nullable Instant at, Instant now) {
        return at != null && !now.isBefore(at);
    }

    private boolean hasEnded(Tasks.Task<SweepReport> look) {
        try {
            return look.joinUntil(runtime.now());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }

    /**
     * What a look found.
     *
     * @param report what was done
     * @param workers the ids of those that live
     * @param running which steps of each dispatch they run, by place in its manifest, as of their last heartbeats
     * @param whole whether all items could be read
     */
    record Look(SweepReport report, Set<String> workers, Map<DispatchId, BitSet> running, boolean whole) {
        /** How many steps run. */
        int runningSteps() {
            return running.values().stream().mapToInt(BitSet::cardinality).sum();
        }

        /** The places of the steps of a dispatch that run. */
        BitSet runningOf(DispatchId dispatch) {
            return running.getOrDefault(dispatch, new BitSet());
        }
    }

    /**
     * Looks at all workers.
     *
     * @param goesOn whether another recovery may begin
     */
    Look look(BooleanSupplier goesOn) {
        return recover(this::isLost, goesOn);
    }

    /** Recovers all workers, silent or not, of which the caller knows that none lives. */
    SweepReport recoverAll() {
        return recover(anyWorker -> true, () -> true).report();
    }

    private Look recover(Predicate<WorkerRecord> isLost, BooleanSupplier goesOn) {
        List<WorkerRecord> lost = new ArrayList<>();
        Map<DispatchId, BitSet> running = new LinkedHashMap<>();
        Set<String> alive = new LinkedHashSet<>();
        Instant soonest = Instant.MAX;
        boolean whole = true;
        int first = runtime.random().nextInt(WorkerRecord.BUCKETS);
        for (int i = 0; i < WorkerRecord.BUCKETS; i++) {
            int bucket = (first + i) % WorkerRecord.BUCKETS;
            List<WorkerRecord> page = list(bucket, null);
            while (page != null && !page.isEmpty()) {
                for (WorkerRecord worker : page) {
                    if (isLost.test(worker)) {
                        lost.add(worker);
                    } else {
                        alive.add(worker.id());
                        worker.running()
                                .forEach(step -> running.computeIfAbsent(step.dispatch(), _ -> new BitSet())
                                        .set(step.index()));
                        if (hasMissedHeartbeats(worker) && worker.leaseUntil().isBefore(soonest)) {
                            soonest = worker.leaseUntil();
                        }
                    }
                }
                page = page.size() < PAGE
                        ? List.of()
                        : list(bucket, page.getLast().id());
            }
            whole &= page != null;
        }
        living = Math.max(1, alive.size());
        silentAt = soonest.equals(Instant.MAX) ? null : soonest.plus(timing.margin());
        Collections.shuffle(lost, runtime.random()); // else those that look at once all begin with the same one
        return new Look(recoverEach(lost, goesOn), alive, running, whole);
    }

    private SweepReport recoverEach(List<WorkerRecord> lost, BooleanSupplier goesOn) {
        SweepReport report = SweepReport.NOTHING;
        int refused = 0;
        for (WorkerRecord worker : lost) {
            if (refused == ENOUGH_OTHERS || !goesOn.getAsBoolean()) {
                return report;
            }
            SweepReport recovered = recover(worker);
            if (recovered == null) {
                refused++;
            } else {
                report = report.plus(recovered);
            }
        }
        return report;
    }

    /** Null if they cannot be read now. */
    private @Nullable List<WorkerRecord> list(int bucket, @Nullable String after) {
        try {
            return store.workers(bucket, after, PAGE);
        } catch (PortException e) {
            LOG.warn("The workers of bucket {} are not read ({}); the next look reads them.", bucket, e.getMessage());
            return null;
        }
    }

    private boolean hasMissedHeartbeats(WorkerRecord worker) {
        Instant last = worker.leaseUntil().minus(timing.lease());
        return worker.revokedAt() == null
                && last.plus(timing.heartbeat().multipliedBy(2)).isBefore(runtime.now());
    }

    private boolean isLost(WorkerRecord worker) {
        Instant now = runtime.now();
        Instant revokedAt = worker.revokedAt();
        return revokedAt == null
                ? worker.isSilent(now, timing.margin())
                : !now.isBefore(revokedAt.plus(timing.lookEvery())); // whoever revoked it has not finished
    }

    /** What was done; null if it lives, or another one recovers it. */
    private @Nullable SweepReport recover(WorkerRecord worker) {
        try {
            if (!store.revoke(worker, runtime.now())) {
                return null;
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
        } catch (RuntimeException e) {
            // A defect: one item must not hide the others from every look, and stop every sweep.
            LOG.error("Worker {}: cannot be recovered; each look tries again.", worker.id(), e);
            return SweepReport.UNREACHABLE;
        }
    }
}
