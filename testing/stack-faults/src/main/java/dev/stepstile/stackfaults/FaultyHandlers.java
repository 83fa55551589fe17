package dev.stepstile.stackfaults;

import dev.stepstile.api.StepContext;
import dev.stepstile.api.StepHandler;
import dev.stepstile.api.StepInput;
import dev.stepstile.api.StepResult;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/** Handlers whose worker dies in the middle of some attempts: after the work, before anything of it is recorded. */
final class FaultyHandlers {
    private FaultyHandlers() {}

    /**
     * @param poison keys of the steps that kill every worker
     * @param crash kills the worker; may return, as its attempts are cut off from every port
     */
    static List<StepHandler> wrap(List<StepHandler> handlers, Faults faults, Set<String> poison, Runnable crash) {
        List<StepHandler> wrapped = new ArrayList<>();
        for (StepHandler handler : handlers) {
            wrapped.add(new StepHandler() {
                @Override
                public String name() {
                    return handler.name();
                }

                @Override
                public StepResult run(StepInput input, StepContext context) throws Exception {
                    StepResult result = handler.run(input, context);
                    if (poison.contains(context.stepKey()) || faults.crashes(context.stepKey(), context.attempt())) {
                        crash.run();
                    }
                    return result;
                }
            });
        }
        return wrapped;
    }
}
