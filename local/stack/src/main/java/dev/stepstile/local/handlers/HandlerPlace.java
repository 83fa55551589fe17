package dev.stepstile.local.handlers;

import com.fasterxml.jackson.databind.JsonNode;
import dev.stepstile.api.StepInput;
import dev.stepstile.api.StepResult;
import dev.stepstile.codec.Json;
import dev.stepstile.local.handlers.HandlerProcess.NotTaken;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** A step's place in a process. */
final class HandlerPlace {
    /** How often to check whether the step is cancelled. */
    private static final Duration CANCEL_CHECK = Duration.ofMillis(100);

    /** How long a step that runs alone may go on after it was interrupted, before its process is killed. */
    private static final Duration GRACE = Duration.ofSeconds(5);

    private final HandlerProcess process;
    private final HostedStep step;
    private boolean cancelSent;

    HandlerPlace(HandlerProcess process, HostedStep step) {
        this.process = process;
        this.step = step;
    }

    /**
     * Runs the step to its end. An interruption is handed on to the handler, whose end is waited for as if it ran in
     * this thread.
     *
     * @param alone whether the process is the step's own, to be killed should it take no notice of an interruption
     */
    StepResult run(String handler, StepInput input, boolean alone) throws Exception {
        try {
            process.connection().send(HandlerProtocol.start(step.number(), handler, input, step.context()));
            return HandlerProtocol.ended(awaitEnd(alone));
        } catch (IOException gone) {
            throw lost();
        } finally {
            leave();
        }
    }

    private JsonNode awaitEnd(boolean alone) throws Exception {
        long killAt = Long.MAX_VALUE;
        while (true) {
            try {
                return step.end().get(CANCEL_CHECK.toMillis(), TimeUnit.MILLISECONDS);
            } catch (TimeoutException running) {
                sendIfCancelled();
                if (System.nanoTime() > killAt) {
                    process.kill();
                }
            } catch (InterruptedException interrupted) {
                sendIfCancelled();
                send("interrupt");
                killAt = alone ? Math.min(killAt, System.nanoTime() + GRACE.toNanos()) : killAt;
            } catch (ExecutionException e) {
                throw e.getCause() instanceof Exception ended ? ended : e;
            }
        }
    }

    private void sendIfCancelled() {
        if (!cancelSent && step.context().cancelled()) {
            cancelSent = true;
            send("cancelled");
        }
    }

    private void send(String command) {
        try {
            process.connection().send(Json.object().put(command, step.number()));
        } catch (IOException gone) {
            // the end of the process ends the step
        }
    }

    /** The process is gone: waits until it is known how. */
    private Exception lost() throws InterruptedException {
        try {
            step.end().get(2 * HandlerProcess.EXIT_TIMEOUT.toMillis(), TimeUnit.MILLISECONDS);
            return new NotTaken();
        } catch (ExecutionException e) {
            return e.getCause() instanceof Exception ended ? ended : e;
        } catch (TimeoutException e) {
            return new NotTaken();
        }
    }

    /** Gives the place up, unless its step has run. */
    void leave() {
        process.leave(step);
    }
}
