package dev.stepstile.handlers;

import dev.stepstile.api.StepContext;
import dev.stepstile.api.StepHandler;
import dev.stepstile.api.StepInput;
import dev.stepstile.api.StepResult;
import dev.stepstile.api.TerminalFailure;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** {@code stepstile.sleep}: waits {@code {"seconds": n}}, and heeds its interruption. */
public final class Sleep implements StepHandler {
    /** How long to wait. */
    public record Input(double seconds) {}

    @Override
    public String name() {
        return "stepstile.sleep";
    }

    @Override
    public StepResult run(StepInput input, StepContext context) throws InterruptedException {
        double seconds = input.as(Input.class).seconds();
        if (!(seconds >= 0)) {
            throw new TerminalFailure("'seconds' is 0 or more");
        }
        new CountDownLatch(1).await(Math.round(seconds * 1000), TimeUnit.MILLISECONDS);
        return StepResult.none();
    }
}
