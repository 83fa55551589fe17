package dev.stepstile.cli.ops;

import dev.stepstile.api.StepContext;
import dev.stepstile.api.StepHandler;
import dev.stepstile.api.StepInput;
import dev.stepstile.api.StepResult;
import dev.stepstile.handlers.Sleep;

/** Prints a line with a colour, then sleeps for the seconds of its input. */
final class Talkative implements StepHandler {
    @Override
    public String name() {
        return "talkative";
    }

    @Override
    public StepResult run(StepInput input, StepContext context) throws InterruptedException {
        context.log("said \u001b[31mred\u001b[0m");
        return new Sleep().run(input, context);
    }
}
