package dev.stepstile.api;

import java.time.Duration;

/**
 * The code that a step names. Found by {@link java.util.ServiceLoader}; one instance serves many steps at once, so it
 * keeps no state between calls.
 *
 * <p>A handler may be <em>started</em> more than once for the same step, because a crashed worker cannot be distinguished
 * from one that is only disconnected. Only the newest attempt's result is kept. A handler that writes to a sink of its own hands the sink
 * {@link StepContext#attempt()}, so that the sink can refuse the older writer.
 */
public interface StepHandler {

    /** The name by which steps ask for this handler: 1 to 128 characters of {@code A-Z a-z 0-9 . _ -}. */
    String name();

    /**
     * Runs one attempt of a step.
     *
     * @return the result, serialised and recorded once
     * @throws TerminalFailure when trying again is pointless: the step becomes FAILED
     * @throws RetryAfter when the step should be tried again after a stated time, if its budget allows
     * @throws Exception anything else is tried again after a backoff, if the step's budget allows
     */
    StepResult run(StepInput input, StepContext context) throws Exception;

    /**
     * How long an attempt may take to end by itself once it was interrupted, as its run was cancelled, if that is longer
     * than a heartbeat. What it returns until then is recorded: the step has succeeded all the same. The first heartbeat
     * after that gives it up.
     */
    default Duration grace() {
        return Duration.ZERO;
    }
}
