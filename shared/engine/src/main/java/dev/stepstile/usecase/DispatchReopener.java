package dev.stepstile.usecase;

import dev.stepstile.port.PortException;
import dev.stepstile.port.StepStore;
import dev.stepstile.step.Dispatch;
import java.time.Instant;
import java.util.Optional;

/** Opens a dispatch for the sweeper again, before a redrive changes any of its records. */
final class DispatchReopener {
    private static final int TRIES = 20;

    private final StepStore store;
    private final Timing timing;
    private final EngineRuntime runtime;

    DispatchReopener(StepStore store, Timing timing, EngineRuntime runtime) {
        this.store = store;
        this.timing = timing;
        this.runtime = runtime;
    }

    /** @param until the redriver's own deadline: nobody closes the dispatch before it has passed */
    void reopen(Dispatch dispatch, Instant until) {
        store.keepRun(dispatch.runId());
        Dispatch read = dispatch;
        for (int i = 0; i < TRIES; i++) {
            if (store.replace(read.reopened(runtime.now().plus(timing.sweepEvery()), until.plus(timing.margin())))) {
                return;
            }
            Optional<Dispatch> current = store.dispatch(dispatch.runId(), dispatch.dispatchId());
            if (current.isEmpty()) {
                throw new PortException(
                        "dispatch " + dispatch.dispatchId() + " was deleted by age while it was redriven");
            }
            read = current.get();
        }
        throw new PortException("dispatch " + dispatch.dispatchId() + " could not be reopened; try again");
    }
}
