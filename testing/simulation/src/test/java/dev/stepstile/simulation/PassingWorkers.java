package dev.stepstile.simulation;

import dev.stepstile.port.WorkerStore;
import dev.stepstile.step.StepId;
import dev.stepstile.step.WorkerRecord;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Passes every call on; a mistake overrides the one it gets wrong. */
class PassingWorkers implements WorkerStore {
    protected final WorkerStore workers;

    PassingWorkers(WorkerStore workers) {
        this.workers = workers;
    }

    @Override
    public void start(WorkerRecord first) {
        workers.start(first);
    }

    @Override
    public Optional<Set<StepId>> renew(WorkerRecord next) {
        return workers.renew(next);
    }

    @Override
    public boolean askToCancel(String worker, StepId step) {
        return workers.askToCancel(worker, step);
    }

    @Override
    public boolean revoke(WorkerRecord read, Instant at) {
        return workers.revoke(read, at);
    }

    @Override
    public void end(String worker) {
        workers.end(worker);
    }

    @Override
    public void forget(String worker) {
        workers.forget(worker);
    }

    @Override
    public Optional<WorkerRecord> worker(String id) {
        return workers.worker(id);
    }

    @Override
    public List<WorkerRecord> workers(int bucket, @Nullable String afterId, int limit) {
        return workers.workers(bucket, afterId, limit);
    }
}
