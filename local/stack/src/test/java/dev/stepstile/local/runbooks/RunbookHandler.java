package dev.stepstile.local.runbooks;

import dev.stepstile.api.StepContext;
import dev.stepstile.api.StepHandler;
import dev.stepstile.api.StepInput;
import dev.stepstile.api.StepResult;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;

/** One version of a team's code: it does what a step's input says, unless the version is a bad one. */
final class RunbookHandler implements StepHandler {
    static final String NAME = "team.work";

    /** What has started, in order: {@code run/key attempt}. */
    static final Queue<String> STARTED = new ConcurrentLinkedQueue<>();

    /** What steps wait for that are told to. */
    static volatile CountDownLatch gate = new CountDownLatch(1);

    private static final AtomicBoolean STARTED_DEAF = new AtomicBoolean();

    private final boolean bad;

    RunbookHandler(boolean bad) {
        this.bad = bad;
    }

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public StepResult run(StepInput input, StepContext context) throws Exception {
        STARTED.add(context.runId() + "/" + context.stepKey() + " " + context.attempt());
        if (bad) {
            throw new IllegalStateException("a bad deployment");
        }
        switch (input.json()) {
            case "\"fail\"" -> throw new IllegalStateException("as told");
            case "\"wait\"" -> gate.await();
            case "\"deaf at first\"" -> {
                if (!STARTED_DEAF.getAndSet(true)) {
                    waitDeafly();
                    return StepResult.of("by the forgotten worker");
                }
            }
            default -> {}
        }
        return StepResult.of("done by attempt " + context.attempt());
    }

    private static void waitDeafly() {
        while (true) {
            try {
                gate.await();
                return;
            } catch (InterruptedException takesNoNotice) {
                // it goes on, as a process does whose machine was cut off
            }
        }
    }
}
