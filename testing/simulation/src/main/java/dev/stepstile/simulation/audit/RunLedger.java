package dev.stepstile.simulation.audit;

import dev.stepstile.step.Dispatch;
import dev.stepstile.step.Run;
import dev.stepstile.step.StepId;
import dev.stepstile.step.StepRecord;
import dev.stepstile.usecase.Dispatcher;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** What the auditor has seen of one run. */
public final class RunLedger {
    private static final int MOST_KEPT = 1_000;

    public final String runId;

    /** The run as last written; null before the first write. */
    @Nullable
    public Run run;

    /** When it was last cancelled, in virtual milliseconds. */
    long cancelledAt;

    /** Whether a client has called to cancel it as a whole. */
    boolean cancelAsked;

    /** What clients have called to cancel of it, step by step. */
    private final List<StepsCancel> stepsCancels = new ArrayList<>();

    /** A client's call to cancel some steps alone. */
    public static final class StepsCancel {
        final Set<String> keys;

        /** Until when it may have an effect, in virtual milliseconds. */
        public long until = Long.MAX_VALUE;

        private StepsCancel(Set<String> keys) {
            this.keys = keys;
        }
    }

    /** When anything of it was last written or sent, in virtual milliseconds. */
    public long touchedAt;

    /** How many messages for its steps are in the queue. */
    int messages;

    /** What clients hand over, and what became of it, by dispatchId. */
    private final SortedMap<String, List<StepId>> asked = new TreeMap<>();

    final SortedMap<String, Dispatch> dispatches = new TreeMap<>();

    /** When each was last written, in virtual milliseconds. */
    final Map<String, Long> dispatchesAt = new HashMap<>();

    /** Each step, by dispatchId and key, of requests that are small enough to be kept in mind. */
    private final Map<String, Map<String, Dispatcher.NewStep>> given = new HashMap<>();

    /** The tenant of each, by dispatchId. */
    private final Map<String, String> tenants = new HashMap<>();

    /** The dispatches that tell somebody when they have ended. */
    private final Set<String> notifying = new HashSet<>();

    private final Map<String, StepLedger> steps = new HashMap<>();

    RunLedger(String runId) {
        this.runId = runId;
    }

    public StepLedger step(StepId id) {
        return steps.computeIfAbsent(id.stepKey(), key -> new StepLedger());
    }

    StepsCancel cancelAsked(Set<String> keys) {
        StepsCancel call = new StepsCancel(keys);
        stepsCancels.add(call);
        return call;
    }

    /** Whether a client called to cancel this step alone, and it was not redriven since. */
    boolean cancelledAlone(String stepKey) {
        StepLedger step = steps.get(stepKey);
        return stepsCancels.stream()
                .anyMatch(call -> call.keys.contains(stepKey) && (step == null || call.until > step.redrivenAt));
    }

    void asked(Dispatcher.Request request, String dispatchId) {
        asked.put(
                dispatchId,
                request.steps().stream()
                        .map(step -> new StepId(runId, step.key()))
                        .toList());
        tenants.put(dispatchId, request.group());
        if (request.notifies() != null) {
            notifying.add(dispatchId);
        }
        if (request.steps().size() <= MOST_KEPT) {
            Map<String, Dispatcher.NewStep> byKey = given.computeIfAbsent(dispatchId, id -> new HashMap<>());
            request.steps().forEach(step -> byKey.put(step.key(), step));
        }
    }

    /** The steps that clients name in this dispatch, in its order. */
    List<StepId> asked(String dispatchId) {
        return asked.getOrDefault(dispatchId, List.of());
    }

    /** Whether a client names somebody who is told when this dispatch has ended. */
    boolean notifies(String dispatchId) {
        return notifying.contains(dispatchId);
    }

    /** Whose messages are those of this dispatch; null if that is not known. */
    @Nullable
    String tenant(String dispatchId) {
        return tenants.get(dispatchId);
    }

    /** This step as a client gave it in this dispatch; null if that is not known. */
    Dispatcher.@Nullable NewStep given(String dispatchId, String stepKey) {
        return given.getOrDefault(dispatchId, Map.of()).get(stepKey);
    }

    /** All of its steps of which anything was seen. */
    Collection<StepLedger> steps() {
        return steps.values();
    }

    public Map<String, StepLedger> stepsByKey() {
        return steps;
    }

    /** Whether another dispatch, that is open, drives this step of a dispatch, by its record. */
    boolean drivenByAnother(Dispatch dispatch, @Nullable StepRecord record) {
        if (record == null || record.settings().dispatchId().equals(dispatch.dispatchId())) {
            return false;
        }
        Dispatch driver = dispatches.get(record.settings().dispatchId());
        return driver != null && !driver.closed();
    }

    /** Whether everything that was accepted has ended, nothing is in the queue, and no notification is owed. */
    public boolean atRest() {
        return messages == 0 && dispatches.values().stream().allMatch(dispatch -> dispatch.dueAt() == null);
    }
}
