package dev.stepstile.step;

import java.time.Duration;
import java.util.random.RandomGenerator;

/**
 * How often a step is tried, and how long it waits in between: exponential backoff with full jitter, uniform in
 * {@code [0, min(cap, base * 2^(n-1))]} after the n-th attempt (Brooker, "Exponential Backoff And Jitter", AWS
 * Architecture Blog, 2015).
 *
 * @param rule after which failures
 */
public record RetryPolicy(int maxAttempts, Duration base, Duration cap, RetryRule rule) {
    public static final RetryPolicy DEFAULT = new RetryPolicy(3, Duration.ofSeconds(1), Duration.ofMinutes(5));

    /** Of every failure. */
    public RetryPolicy(int maxAttempts, Duration base, Duration cap) {
        this(maxAttempts, base, cap, RetryRule.ANY);
    }

    /** The wait after the {@code failures}-th attempt of the present budget (1, 2, 3 …). */
    public Duration backoff(int failures, RandomGenerator random) {
        int doublings = Math.min(Math.max(failures - 1, 0), 30);
        long most = cap.toMillis();
        long ceiling = base.toMillis() > most >> doublings ? most : base.toMillis() << doublings;
        return Duration.ofMillis(ceiling <= 0 ? 0 : random.nextLong(ceiling + 1));
    }
}
