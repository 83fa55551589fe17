package dev.stepstile.cli.ops;

import dev.stepstile.api.StepContext;
import dev.stepstile.api.StepHandler;
import dev.stepstile.api.StepInput;
import dev.stepstile.api.StepResult;
import dev.stepstile.api.TerminalFailure;

/** Declines each card, with its number in the message. */
final class Declining implements StepHandler {
    record Input(int card) {}

    @Override
    public String name() {
        return "declining";
    }

    @Override
    public StepResult run(StepInput input, StepContext context) throws TerminalFailure {
        throw new TerminalFailure("card " + input.as(Input.class).card() + " declined");
    }
}
