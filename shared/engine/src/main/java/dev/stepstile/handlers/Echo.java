package dev.stepstile.handlers;

import dev.stepstile.api.StepContext;
import dev.stepstile.api.StepHandler;
import dev.stepstile.api.StepInput;
import dev.stepstile.api.StepResult;

/** {@code stepstile.echo}: returns its input. */
public final class Echo implements StepHandler {
    @Override
    public String name() {
        return "stepstile.echo";
    }

    @Override
    public StepResult run(StepInput input, StepContext context) {
        return StepResult.ofJson(input.json());
    }
}
