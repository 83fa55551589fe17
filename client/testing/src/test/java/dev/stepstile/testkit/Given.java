package dev.stepstile.testkit;

import dev.stepstile.api.StepContext;
import dev.stepstile.api.StepHandler;
import dev.stepstile.api.StepInput;
import dev.stepstile.api.StepResult;

/** A handler named {@code work} that a test writes as a lambda. */
record Given(Work work) implements StepHandler {
    interface Work {
        StepResult run(StepInput input, StepContext context) throws Exception;
    }

    @Override
    public String name() {
        return "work";
    }

    @Override
    public StepResult run(StepInput input, StepContext context) throws Exception {
        return work.run(input, context);
    }
}
