package dev.stepstile.usecase;

import dev.stepstile.port.PortException;
import dev.stepstile.port.WorkerStore;
import dev.stepstile.step.StepId;
import dev.stepstile.step.StepSpec;
import dev.stepstile.step.WorkerRecord;
import dev.stepstile.step.WorkerRecord.Activity;
import dev.stepstile.step.WorkerRecord.Assignment;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.Queue;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ConcurrentNavigableMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The worker of one batch: its item in the table, its heartbeats, and the attempts that it runs. While it lives, it also
 * looks for workers that have fallen silent.
 *
 * <p>The clock is the process's own, which is never set back; a lease is counted from before its write was sent.
 */
final class Worker {
    /** How often the timer checks whether something is due; a heartbeat that failed is sent again so soon. */
    static final Duration TICK = Duration.ofSeconds(1);

    private static final Logger LOG = LoggerFactory.getLogger(Worker.class);

    private final WorkerStore store;
    private final Traces traces;
    private final WorkerWatch watch;
    private final Timing timing;
    private final EngineRuntime runtime;
    private final AtomicInteger claims = new AtomicInteger();
    private final ConcurrentNavigableMap<Integer, RunningAttempt> attempts = new ConcurrentSkipListMap<>();

    /** With the newest heartbeat that was answered. */
    private volatile WorkerRecord item;

    /** With the newest heartbeat that was sent. */
    private WorkerRecord sent;

    private volatile Set<StepId> cancels = Set.of();
    private volatile boolean revoked;
    private volatile boolean ended;
    private final Queue<BooleanSupplier> unsettled = new ConcurrentLinkedQueue<>();
    private Instant nextBeat;
    private Tasks.@Nullable Task<SweepReport> look;
    private Tasks.@Nullable Cancellable ticking;

    private Worker(EngineParts parts, WorkerWatch watch, WorkerRecord item, Instant now) {
        this.store = parts.workers();
        this.traces = parts.traces();
        this.watch = watch;
        this.timing = parts.timing();
        this.runtime = parts.runtime();
        this.item = item;
        this.sent = item;
        this.nextBeat =
                now.plus(Timing.shorter(TICK, timing.heartbeat())); // what it has claimed is then listed as running
        this.look = watch.lookIfDue(null, () -> !ended); // a batch may be over before the first tick
    }

    /**
     * Writes the item of a worker that is about to claim these steps, and begins its heartbeats.
     *
     * @throws PortException if it may not have been written: nothing may be claimed
     */
    static Worker start(EngineParts parts, WorkerWatch watch, List<StepSpec> batch) {
        EngineRuntime runtime = parts.runtime();
        Instant now = runtime.now();
        List<Assignment> steps = batch.stream()
                .map(spec -> new Assignment(
                        spec.id(),
                        spec.shard(),
                        spec.settings().dispatchId(),
                        spec.settings().index()))
                .distinct()
                .toList();
        WorkerRecord item = WorkerRecord.starting(
                runtime.ids().get(), steps, now.plus(parts.timing().lease()));
        parts.workers().start(item);
        Worker worker = new Worker(parts, watch, item, now);
        worker.ticking = runtime.tasks()
                .every(
                        "heartbeat of worker " + item.id(),
                        Timing.shorter(TICK, parts.timing().heartbeat()),
                        worker::tick);
        return worker;
    }

    /**
     * The owner of the next claim; null if this worker may claim nothing more, because it is revoked, or its lease is over:
     * others may already have taken its steps, and would not look for what it claims now.
     */
    @Nullable
    String nextOwner() {
        return revoked || !runtime.now().isBefore(item.leaseUntil())
                ? null
                : WorkerRecord.owner(item.id(), claims.incrementAndGet());
    }

    /** An attempt that this worker has claimed. */
    void runs(RunningAttempt attempt) {
        attempts.put(placeOf(attempt.held().id()), attempt);
        if (revoked) {
            attempt.lose();
        } else if (cancels.contains(attempt.held().id())) {
            attempt.cancel(runtime.now());
        }
    }

    void ended(RunningAttempt attempt) {
        attempts.remove(placeOf(attempt.held().id()), attempt);
    }

    private int placeOf(StepId id) {
        List<Assignment> steps = item.steps();
        for (int place = 0; place < steps.size(); place++) {
            if (steps.get(place).id().equals(id)) {
                return place;
            }
        }
        throw new IllegalArgumentException(id + " is not of this worker's batch");
    }

    /**
     * The outcome of a write is not known. While this worker lives, nobody else finds out: it tries after each heartbeat. What
     * is not settled when it ends keeps its item, so that others find out once it is silent.
     *
     * @param settle true if it is settled; else, and after a {@link PortException}, it is called again
     */
    void settleLater(BooleanSupplier settle) {
        unsettled.add(settle);
    }

    /** Until the next heartbeat is due, if the table is slow: it goes on after that. */
    private void settle() {
        unsettled.removeIf(settle -> {
            try {
                return runtime.now().isBefore(nextBeat) && settle.getAsBoolean();
            } catch (PortException e) {
                return false;
            }
        });
    }

    /** Ends the worker: no heartbeat follows, and its item is deleted, unless others have to look after its steps. */
    void end() {
        try {
            stopTicking();
            ended = true;
            try {
                deleteItem();
            } finally {
                watch.await(look);
            }
        } catch (Throwable thrown) { // what became of the messages is decided; an item that is left is looked after
            LOG.warn(
                    "Worker {}: its end failed; if its item is left, others find that its steps have ended.",
                    item.id(),
                    thrown);
        }
    }

    private void deleteItem() {
        if (!revoked) {
            settle();
        }
        traces.flush(); // by its item, others would tell the same again
        if (!revoked && unsettled.isEmpty()) {
            store.end(item.id());
        }
    }

    private void stopTicking() {
        Tasks.Cancellable started = ticking;
        if (started != null) {
            started.cancel();
        }
    }

    private void tick() {
        Instant now = runtime.now();
        if (!now.isBefore(nextBeat) && !revoked) {
            beat(now);
        }
        attempts.values().forEach(attempt -> attempt.abandonIfOverdue(now));
        if (!revoked && now.isBefore(item.leaseUntil())) { // else it would find itself silent
            look = watch.lookIfDue(look, () -> !ended);
        }
    }

    private void beat(Instant now) {
        sent = sent.withBeat(now.plus(timing.lease()), activities());
        Optional<Set<StepId>> asked;
        try {
            asked = store.renew(sent);
        } catch (PortException e) {
            LOG.warn("Worker {}: heartbeat {} not sent ({}); another follows.", item.id(), sent.beat(), e.getMessage());
            return;
        }
        nextBeat = now.plus(timing.heartbeat());
        if (asked.isEmpty()) {
            revoked = true; // first: an attempt that is just starting reads it
            LOG.warn("Worker {}: revoked by others, who take its steps; its handlers are stopped.", item.id());
            attempts.values().forEach(RunningAttempt::lose);
            return;
        }
        item = sent;
        cancels = asked.get(); // first: an attempt that is just starting reads it
        for (RunningAttempt attempt : attempts.values()) {
            if (cancels.contains(attempt.held().id())) {
                attempt.cancel(now);
            }
        }
        settle();
    }

    private SortedMap<Integer, Activity> activities() {
        SortedMap<Integer, Activity> doing = new TreeMap<>();
        attempts.forEach((place, attempt) -> doing.put(place, attempt.activity()));
        return doing;
    }
}
