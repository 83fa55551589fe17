package dev.stepstile.simulation.audit;

import dev.stepstile.step.StepId;
import java.util.Collection;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;

/** The auditor's books: what was seen of each run, and of each of its steps. */
final class Ledgers {
    private final SortedMap<String, RunLedger> runs = new TreeMap<>();

    RunLedger run(String runId) {
        return runs.computeIfAbsent(runId, RunLedger::new);
    }

    StepLedger step(StepId id) {
        return run(id.runId()).step(id);
    }

    Collection<RunLedger> all() {
        return List.copyOf(runs.values());
    }

    void forget(RunLedger ledger) {
        runs.remove(ledger.runId);
    }
}
