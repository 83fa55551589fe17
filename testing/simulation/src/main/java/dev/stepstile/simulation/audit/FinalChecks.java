package dev.stepstile.simulation.audit;

import dev.stepstile.port.FeedEntry;
import dev.stepstile.simulation.ports.SimulatedStepStore;
import dev.stepstile.step.Dispatch;
import dev.stepstile.step.Run;
import dev.stepstile.step.Shards;
import dev.stepstile.step.StepId;
import dev.stepstile.step.StepRecord;
import dev.stepstile.step.StepState;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** Holds what a run left behind against what was accepted. */
public final class FinalChecks {
    private final SimulatedStepStore store;
    private final Findings findings;
    private final SortedMap<StepState.Name, Integer> ends = new TreeMap<>();

    public FinalChecks(SimulatedStepStore store, Findings findings) {
        this.store = store;
        this.findings = findings;
    }

    /** How the steps of all runs ended. */
    public SortedMap<StepState.Name, Integer> ends() {
        return ends;
    }

    public void of(RunLedger ledger) {
        Map<String, Integer> told = told(ledger);
        Set<StepId> seen = new HashSet<>();
        for (Dispatch dispatch : ledger.dispatches.values()) {
            if (!dispatch.closed()) {
                findings.add(dispatch.runId() + "/" + dispatch.dispatchId(), "it is still open");
            } else if (dispatch.dueAt() != null) {
                findings.add(dispatch.runId() + "/" + dispatch.dispatchId(), "its notification is still owed");
            }
            for (StepId id : ledger.asked(dispatch.dispatchId())) {
                if (seen.add(id)) {
                    step(
                            id,
                            ledger.step(id),
                            store.find(
                                    id,
                                    Shards.of(id.stepKey(), dispatch.accepted().shards())),
                            told);
                }
            }
        }
    }

    /** How often the feed tells each end of a step. */
    private Map<String, Integer> told(RunLedger ledger) {
        Map<String, Integer> told = new HashMap<>();
        Run run = ledger.run;
        for (int shard = 0; run != null && shard < run.shards(); shard++) {
            for (FeedEntry entry : store.feedOf(run.runId(), shard)) {
                if (entry instanceof FeedEntry.Ended ended) {
                    told.merge(end(ended.stepKey(), ended.state(), ended.attempt()), 1, Integer::sum);
                }
            }
        }
        return told;
    }

    private static String end(String stepKey, StepState.Name state, int attempt) {
        return stepKey + " " + state + " " + attempt;
    }

    private void step(StepId id, StepLedger ledger, @Nullable StepRecord stored, Map<String, Integer> told) {
        StepRecord record = ledger.last;
        if (record == null && stored == null && ledger.expired) {
            return; // and was at rest: its dispatch is closed
        }
        if (record == null || !(record.state() instanceof StepState.Ended ended)) {
            findings.add(id, "in the end it is " + Auditor.shown(record));
            return;
        }
        ends.merge(ended.name(), 1, Integer::sum);
        if (ended instanceof StepState.Dead && !ledger.deadLetters.contains(record.attempt())) {
            findings.add(id, "it is dead and has no dead letter");
        }
        int times = told.getOrDefault(end(id.stepKey(), ended.name(), record.attempt()), 0);
        if (stored != null && times != 1) {
            findings.add(id, "the feed reports its end " + times + " times");
        }
        if (stored != null && !stored.equals(record)) {
            findings.add(id, "the table holds what was never written");
        }
    }
}
