package dev.stepstile.client;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * Which code runs a step, and within which limits. What is null is left to where the settings stand: a step takes it from
 * its dispatch's defaults and these from Stepstile (3 attempts of 300 s, retry 1 s to 300 s; a handler must be named); a
 * redrive leaves it as it is.
 *
 * @param handler the name under which the code is installed
 * @param maxAttempts 1 to 100
 * @param timeout of one attempt: whole seconds, 1 to 880
 * @param retry the waits between attempts, and which failures are retried
 * @param notBefore no attempt begins before it; at most 7 days away
 * @param deadline a step that has not ended by then ends FAILED; at most 14 days away. Of a dispatch's defaults, whose steps have
 *     one, or of a redrive, which otherwise keeps one that lies ahead and drops one that is over
 */
public record StepSettings(
        @Nullable String handler,
        @Nullable Integer maxAttempts,
        @Nullable Duration timeout,
        @Nullable Retry retry,
        @Nullable Moment notBefore,
        @Nullable Moment deadline) {
    /** @throws IllegalArgumentException if a limit is exceeded */
    public StepSettings {
        if (handler != null) {
            Checked.name("handler", handler);
        }
        Checked.maxAttempts(maxAttempts);
        Checked.timeout(timeout);
        Checked.moment("notBefore", notBefore, Checked.NOT_BEFORE);
        Checked.moment("deadline", deadline, Checked.DEADLINE);
    }

    /** Leaves everything to where the settings stand. */
    public static final StepSettings NONE = new StepSettings(null, null, null, null, null, null);

    /** Names the code alone. */
    public static StepSettings handler(String name) {
        return NONE.withHandler(name);
    }

    /** The same with another handler. */
    public StepSettings withHandler(String name) {
        return new StepSettings(name, maxAttempts, timeout, retry, notBefore, deadline);
    }

    /** The same with another number of attempts. */
    public StepSettings withMaxAttempts(int attempts) {
        return new StepSettings(handler, attempts, timeout, retry, notBefore, deadline);
    }

    /** The same with another timeout of each attempt. */
    public StepSettings withTimeout(Duration ofAttempt) {
        return new StepSettings(handler, maxAttempts, ofAttempt, retry, notBefore, deadline);
    }

    /** The same with other waits between attempts, or other failures that are retried. */
    public StepSettings withRetry(Retry other) {
        return new StepSettings(handler, maxAttempts, timeout, other, notBefore, deadline);
    }

    /** The same with another time before which no attempt begins. */
    public StepSettings withNotBefore(@Nullable Moment earliest) {
        return new StepSettings(handler, maxAttempts, timeout, retry, earliest, deadline);
    }

    /** The same with another deadline. */
    public StepSettings withDeadline(@Nullable Moment latest) {
        return new StepSettings(handler, maxAttempts, timeout, retry, notBefore, latest);
    }
}
