package dev.stepstile.usecase;

import dev.stepstile.port.WorkerStore;
import dev.stepstile.step.StepId;
import dev.stepstile.step.WorkerRecord;
import java.time.Instant;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** As much of the workers' items as a batch needs, with a point before each call. */
final class RacyWorkers implements WorkerStore {
    private final Map<String, WorkerRecord> items = new TreeMap<>();
    private final Set<StepId> cancels = new LinkedHashSet<>();
    private boolean revoked;

    /** Revokes every worker. */
    void revokeAll() {
        revoked = true;
    }

    boolean ended() {
        return items.isEmpty();
    }

    @Override
    public void start(WorkerRecord first) {
        Baton.reach();
        items.put(first.id(), first);
    }

    @Override
    public Optional<Set<StepId>> renew(WorkerRecord next) {
        Baton.reach();
        if (!items.containsKey(next.id())) {
            throw new AssertionError("a heartbeat after the end of its worker");
        }
        if (revoked) {
            return Optional.empty();
        }
        items.put(next.id(), next);
        return Optional.of(Set.copyOf(cancels));
    }

    @Override
    public boolean askToCancel(String worker, StepId step) {
        cancels.add(step);
        return true;
    }

    @Override
    public boolean revoke(WorkerRecord read, Instant at) {
        throw new UnsupportedOperationException("a look finds no worker here, so none is revoked by one");
    }

    @Override
    public void end(String worker) {
        Baton.reach();
        items.remove(worker);
    }

    @Override
    public void forget(String worker) {
        throw new UnsupportedOperationException("no worker is recovered here");
    }

    @Override
    public Optional<WorkerRecord> worker(String id) {
        Baton.reach();
        return Optional.ofNullable(items.get(id));
    }

    @Override
    public List<WorkerRecord> workers(int bucket, @Nullable String afterId, int limit) {
        Baton.reach();
        return List.of();
    }
}
