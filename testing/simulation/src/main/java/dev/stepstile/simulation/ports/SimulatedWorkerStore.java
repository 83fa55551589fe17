package dev.stepstile.simulation.ports;

import dev.stepstile.port.WorkerStore;
import dev.stepstile.simulation.scheduler.Scheduler;
import dev.stepstile.step.StepId;
import dev.stepstile.step.WorkerRecord;
import java.time.Instant;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/** The items of workers in memory. A list of them may overlook what was written a moment ago. */
public final class SimulatedWorkerStore implements WorkerStore {
    private final PortCalls calls;
    private final Scheduler scheduler;
    private @Nullable Observer listener;
    private final NavigableMap<String, WorkerRecord> workers = new TreeMap<>();
    private final Map<String, Set<StepId>> cancels = new HashMap<>();
    private final LaggingIndex<WorkerRecord> listed;

    public SimulatedWorkerStore(PortCalls calls, Scheduler scheduler, RandomGenerator random) {
        this.calls = calls;
        this.scheduler = scheduler;
        this.listed = new LaggingIndex<>(random);
    }

    /** Who is told of what is written, from before the first call on. */
    public void tells(Observer observer) {
        this.listener = observer;
    }

    private void store(String id, @Nullable WorkerRecord worker) {
        Objects.requireNonNull(listener, "nobody is told of what is written").workerWritten(workers.get(id), worker);
        if (worker == null) {
            workers.remove(id);
            cancels.remove(id);
        } else {
            workers.put(id, worker);
        }
        String bucket = Integer.toString(WorkerRecord.bucket(id));
        listed.change(scheduler.millis(), bucket, id, worker == null ? null : id, worker);
    }

    @Override
    public void start(WorkerRecord first) {
        calls.call(
                "workers.start " + first.id(),
                () -> {
                    boolean absent = !workers.containsKey(first.id());
                    if (absent) {
                        store(first.id(), first);
                    }
                    return absent;
                },
                stored -> stored ? first.steps().size() + " steps" : "stored before");
    }

    @Override
    public Optional<Set<StepId>> renew(WorkerRecord next) {
        return calls.call(
                "workers.renew " + next.id() + " beat " + next.beat(),
                () -> {
                    WorkerRecord stored = workers.get(next.id());
                    if (stored == null || stored.revokedAt() != null || stored.beat() > next.beat()) {
                        return Optional.empty();
                    }
                    store(next.id(), next);
                    return Optional.of(Set.copyOf(cancels.getOrDefault(next.id(), Set.of())));
                },
                asked -> asked.map(steps -> steps.size() + " cancels").orElse("refused"));
    }

    @Override
    public boolean askToCancel(String worker, StepId step) {
        return calls.call(
                "workers.askToCancel " + worker + " " + step,
                () -> {
                    WorkerRecord stored = workers.get(worker);
                    boolean lives = stored != null && stored.revokedAt() == null;
                    if (lives) {
                        cancels.computeIfAbsent(worker, id -> new HashSet<>()).add(step);
                    }
                    return lives;
                },
                lives -> lives ? "asked" : "gone");
    }

    @Override
    public boolean revoke(WorkerRecord read, Instant at) {
        return calls.call(
                "workers.revoke " + read.id() + " beat " + read.beat(),
                () -> {
                    WorkerRecord stored = workers.get(read.id());
                    if (stored == null
                            || stored.beat() != read.beat()
                            || !Objects.equals(stored.revokedAt(), read.revokedAt())) {
                        return false;
                    }
                    store(read.id(), stored.withRevokedAt(at));
                    return true;
                },
                revoked -> revoked ? "revoked" : "refused");
    }

    @Override
    public void end(String worker) {
        delete("workers.end ", worker, false);
    }

    @Override
    public void forget(String worker) {
        delete("workers.forget ", worker, true);
    }

    private void delete(String what, String worker, boolean revoked) {
        calls.call(
                what + worker,
                () -> {
                    WorkerRecord stored = workers.get(worker);
                    boolean deleted = stored != null && (stored.revokedAt() != null) == revoked;
                    if (deleted) {
                        store(worker, null);
                    }
                    return deleted;
                },
                deleted -> deleted ? "deleted" : "kept");
    }

    @Override
    public Optional<WorkerRecord> worker(String id) {
        return calls.call(
                "workers.worker " + id,
                () -> Optional.ofNullable(workers.get(id)),
                found -> found.map(worker -> "beat " + worker.beat()).orElse("none"));
    }

    @Override
    public List<WorkerRecord> workers(int bucket, @Nullable String afterId, int limit) {
        return calls.call(
                "workers.list " + bucket,
                () -> listed.after(scheduler.millis(), Integer.toString(bucket), afterId, limit),
                found -> found.size() + " workers");
    }

    /** All items, without a call. */
    public List<WorkerRecord> peek() {
        return List.copyOf(workers.values());
    }
}
