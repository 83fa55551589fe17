package dev.stepstile.simulation;

import dev.stepstile.protocol.Dispatching;
import dev.stepstile.step.Dispatch;
import dev.stepstile.step.Run;
import dev.stepstile.step.StepId;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** What the auditor has seen of one run. */
final class RunLedger {
    final String runId;

    /** The run as last written; null before the first write. */
    @Nullable
    Run run;

    /** When it was last cancelled, in virtual milliseconds. */
    long cancelledAt;

    /** When anything of it was last written or sent, in virtual milliseconds. */
    long touchedAt;

    /** How many messages for its steps are in the queue. */
    int messages;

    /** What clients hand over, and what became of it, by dispatchId. */
    final SortedMap<String, List<StepId>> asked = new TreeMap<>();

    final SortedMap<String, Dispatch> dispatches = new TreeMap<>();
    private final Map<String, StepLedger> steps = new HashMap<>();

    RunLedger(String runId) {
        this.runId = runId;
    }

    StepLedger step(StepId id) {
        return steps.computeIfAbsent(id.stepKey(), key -> new StepLedger());
    }

    void asked(Dispatching.Request request, String dispatchId) {
        asked.put(
                dispatchId,
                request.steps().stream()
                        .map(step -> new StepId(runId, step.key()))
                        .toList());
    }

    /** Whether everything that was accepted has ended and nothing is in the queue. */
    boolean atRest() {
        return messages == 0 && dispatches.values().stream().allMatch(Dispatch::closed);
    }
}
