package dev.stepstile.simulation.audit;

import dev.stepstile.step.StepId;
import dev.stepstile.step.StepRecord;
import java.util.Collection;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** The auditor's books: what was seen of each run, and of each of its steps. */
final class Ledgers {
    private final SortedMap<String, RunLedger> runs = new TreeMap<>();
    private final SortedMap<String, WorkerLedger> workers = new TreeMap<>();

    RunLedger run(String runId) {
        return runs.computeIfAbsent(runId, RunLedger::new);
    }

    StepLedger step(StepId id) {
        return run(id.runId()).step(id);
    }

    /** Of the worker that runs a step's newest attempt, or ran it; null if none was seen. */
    @Nullable
    WorkerLedger workerOf(StepRecord record) {
        String worker = record.worker();
        return worker == null ? null : workers.get(worker);
    }

    /** Whether a worker that was revoked had the step in its batch. */
    boolean lostWith(StepId step) {
        return workers.values().stream()
                .anyMatch(worker -> worker.revoked != null
                        && worker.revoked.steps().stream()
                                .anyMatch(listed -> listed.id().equals(step)));
    }

    /** Whether a worker other than this one works without a fault, and has since then. */
    boolean neighbourWorks(WorkerLedger one, long since) {
        return workers.values().stream()
                .anyMatch(other -> other != one
                        && other.item != null
                        && other.since <= since
                        && other.process.undisturbedSince(other.since));
    }

    WorkerLedger worker(String id, Supplier<WorkerLedger> made) {
        return workers.computeIfAbsent(id, first -> made.get());
    }

    Collection<RunLedger> all() {
        return List.copyOf(runs.values());
    }

    void forget(RunLedger ledger) {
        runs.remove(ledger.runId);
    }
}
