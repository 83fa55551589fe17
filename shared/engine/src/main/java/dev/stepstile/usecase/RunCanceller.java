package dev.stepstile.usecase;

import dev.stepstile.port.PortException;
import dev.stepstile.port.StepStore;
import dev.stepstile.step.Dispatch;
import dev.stepstile.step.Run;
import dev.stepstile.step.StepRecord;
import dev.stepstile.step.StepSpec;
import dev.stepstile.step.StepState;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Cancels a run: raises its number, then every step whose own number is lower. The sweeper cancels the steps that the
 * call does not reach.
 */
public final class RunCanceller {
    private static final Logger LOG = LoggerFactory.getLogger(RunCanceller.class);
    private static final int WRITES_AT_ONCE = 16;

    private final StepStore store;
    private final ManifestReader manifests;
    private final StepCanceller canceller;
    private final EngineRuntime runtime;

    RunCanceller(EngineParts parts) {
        this.store = parts.store();
        this.manifests = new ManifestReader(
                parts.store(), parts.payloads(), parts.runtime().tasks());
        this.canceller = new StepCanceller(parts);
        this.runtime = parts.runtime();
    }

    /**
     * @param deadline when to leave the rest to the sweeper
     * @return how many steps were cancelled (CANCELLED) or asked to stop (RUNNING) by this call; empty: no such run
     */
    public Optional<SortedMap<StepState.Name, Integer>> cancel(String runId, Instant deadline)
            throws InterruptedException {
        Optional<Run> run = store.raiseCancelSeq(runId);
        if (run.isEmpty()) {
            return Optional.empty();
        }
        SortedMap<StepState.Name, Integer> counts = new TreeMap<>();
        for (Dispatch dispatch : store.dispatches(runId)) {
            if (!dispatch.closed()) {
                cancel(run.get(), dispatch, deadline, counts);
            }
        }
        return Optional.of(counts);
    }

    private void cancel(Run run, Dispatch dispatch, Instant deadline, SortedMap<StepState.Name, Integer> counts)
            throws InterruptedException {
        List<StepSpec> steps;
        try {
            steps = manifests.steps(dispatch);
        } catch (Payloads.Missing missing) {
            LOG.error(
                    "Dispatch {}/{}: {}; the sweeper ends it.",
                    run.runId(),
                    dispatch.dispatchId(),
                    missing.getMessage());
            return;
        }
        Records records = manifests.records(steps);
        records.logDamaged(LOG, run.runId(), "they are cancelled by a sweep once they are repaired.");
        List<StepSpec> readable = steps.stream()
                .filter(spec -> !records.isDamaged(spec.id().stepKey()))
                .toList();
        List<Optional<StepState.Name>> done = ParallelCalls.map(
                runtime.tasks(), WRITES_AT_ONCE, "cancel", readable, spec -> cancel(run, spec, records, deadline));
        done.forEach(state -> state.ifPresent(name -> counts.merge(name, 1, Integer::sum)));
    }

    private Optional<StepState.Name> cancel(Run run, StepSpec spec, Records records, Instant deadline) {
        if (runtime.now().isAfter(deadline)) {
            return Optional.empty();
        }
        StepRecord record = records.of(spec.id().stepKey());
        try {
            return canceller.cancel(spec, record, run.cancelSeq())
                            instanceof StepRecorder.Recorded.Wrote(StepRecord after)
                    ? Optional.of(after.state().name())
                    : Optional.empty();
        } catch (PortException e) {
            LOG.warn("Step {}: not cancelled yet ({}); the sweeper cancels it.", spec.id(), e.getMessage());
            return Optional.empty();
        }
    }
}
