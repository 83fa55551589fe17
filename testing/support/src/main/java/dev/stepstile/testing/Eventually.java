package dev.stepstile.testing;

import java.time.Duration;
import java.util.Objects;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** Waits for what another thread or another process does. */
public final class Eventually {
    /** How long to wait before the test fails: longer than the busiest machine takes. */
    private static final Duration PATIENCE = Duration.ofMinutes(3);

    private static final Duration POLL = Duration.ofMillis(50);

    private Eventually() {}

    /** Reads what a test waits for. */
    @FunctionalInterface
    public interface Reading<T extends @Nullable Object, E extends Exception> {
        T read() throws E, InterruptedException;
    }

    /** Waits until this is true. */
    public static <E extends Exception> void await(Reading<Boolean, E> condition) throws E, InterruptedException {
        await(condition, Boolean::booleanValue);
    }

    /** Reads until what was read is enough; returns it. */
    public static <T extends @Nullable Object, E extends Exception> T await(Reading<T, E> reading, Predicate<T> enough)
            throws E, InterruptedException {
        long giveUp = System.nanoTime() + PATIENCE.toNanos();
        T read = reading.read();
        while (!enough.test(read)) {
            if (System.nanoTime() - giveUp > 0) {
                throw new AssertionError(
                        "After " + PATIENCE.toSeconds() + " s it is still " + Objects.toString(read) + ".");
            }
            Thread.sleep(POLL);
            read = reading.read();
        }
        return read;
    }
}
