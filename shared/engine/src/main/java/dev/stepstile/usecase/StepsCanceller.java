package dev.stepstile.usecase;

import dev.stepstile.port.PortException;
import dev.stepstile.step.StepState;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Cancels some steps of a run, which stays open. What the call does not reach, nobody cancels: it is to be made again. */
public final class StepsCanceller {
    private static final Logger LOG = LoggerFactory.getLogger(StepsCanceller.class);
    private static final int WRITES_AT_ONCE = 16;

    private final SelectedSteps steps;
    private final StepCanceller canceller;
    private final EngineRuntime runtime;

    StepsCanceller(EngineParts parts) {
        this.steps = new SelectedSteps(parts);
        this.canceller = new StepCanceller(parts);
        this.runtime = parts.runtime();
    }

    /**
     * The outcome of a call.
     *
     * @param counts how many were cancelled (CANCELLED) or asked to stop (RUNNING) by it
     * @param unknown which of the keys no step of the run has, the first hundred; none if a manifest is gone
     * @param complete whether it reached all of them
     */
    public record Cancelled(SortedMap<StepState.Name, Integer> counts, List<String> unknown, boolean complete) {}

    /**
     * Cancels what waits, and asks what runs to stop. A step that has ended stays as it is. Safe to call again.
     *
     * @param deadline when to leave the rest to another call
     */
    public Cancelled cancel(SelectedSteps.Chosen chosen, Instant deadline) throws InterruptedException {
        SortedMap<StepState.Name, Integer> counts = new TreeMap<>();
        SelectedSteps.Found found = steps.each(chosen, deadline, page -> {
            List<Outcome> outcomes =
                    ParallelCalls.map(runtime.tasks(), WRITES_AT_ONCE, "cancel", page, step -> cancel(step, deadline));
            outcomes.forEach(outcome -> outcome.state().ifPresent(name -> counts.merge(name, 1, Integer::sum)));
            return outcomes.stream().allMatch(Outcome::done);
        });
        return new Cancelled(counts, found.unknown(), found.complete());
    }

    private record Outcome(boolean done, Optional<StepState.Name> state) {}

    private Outcome cancel(RunQueries.Step step, Instant deadline) {
        if (!runtime.now().isBefore(deadline)) {
            return new Outcome(false, Optional.empty());
        }
        try {
            return canceller.cancel(step.spec(), step.record()) instanceof StepRecorder.Recorded.Wrote(var after)
                    ? new Outcome(true, Optional.of(after.state().name()))
                    : new Outcome(true, Optional.empty());
        } catch (PortException e) {
            LOG.warn("Step {}: not cancelled ({}); call again.", step.spec().id(), e.getMessage());
            return new Outcome(false, Optional.empty());
        }
    }
}
