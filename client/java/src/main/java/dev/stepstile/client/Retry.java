package dev.stepstile.client;

import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * How long a step waits between attempts (after the n-th failure anything from 0 to min({@code cap}, {@code base} · 2ⁿ⁻¹)), and
 * after which failures it is retried. What is null is left to where it stands, as in {@link StepSettings}.
 *
 * <p>A name is a kind of error (HANDLER_FAILED, TIMEOUT, WORKER_LOST, WORKER_STOPPED) or an exception: its class or, in Java, a
 * superclass, with its package or without. Each list has at most 10.
 *
 * @param base 0 to 12 hours
 * @param cap 0 to 12 hours
 * @param on only these failures are retried, and lost or stopped workers; not empty
 * @param never these failures end the step FAILED at once, whatever {@code on} has
 */
public record Retry(
        @Nullable Duration base,
        @Nullable Duration cap,
        @Nullable List<String> on,
        @Nullable List<String> never) {
    /** Leaves everything to where it stands. */
    public static final Retry NONE = new Retry(null, null, null, null);

    /**
     * Keeps copies of the lists.
     *
     * @throws IllegalArgumentException if a limit is exceeded
     */
    public Retry {
        Checked.backoff("base", base);
        Checked.backoff("cap", cap);
        on = Checked.failures("on", on);
        never = Checked.failures("never", never);
    }

    /** The waits alone. */
    public Retry(Duration base, Duration cap) {
        this(base, cap, null, null);
    }

    /** The same, with only these failures retried. */
    public Retry withOn(String... names) {
        return new Retry(base, cap, List.of(names), never);
    }

    /** The same, with these failures not retried. */
    public Retry withNever(String... names) {
        return new Retry(base, cap, on, List.of(names));
    }
}
