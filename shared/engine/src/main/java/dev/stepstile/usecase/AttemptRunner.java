package dev.stepstile.usecase;

/** Runs an attempt from its claim to its end. Powertools idempotency is one way to do so, {@link #DIRECT} is another. */
public interface AttemptRunner {
    /** Runs an attempt without an idempotency library in between; every other runner must leave the same records. */
    AttemptRunner DIRECT = attempt -> {
        if (attempt.claim()) {
            try {
                attempt.succeed(attempt.work());
            } catch (AttemptFailed failed) {
                attempt.fail(failed);
            }
        }
    };

    /** Whatever it throws, and an attempt that it leaves without an end, is recorded as a failure of the attempt. */
    void run(StepAttempt attempt);
}
