package dev.stepstile.runtime;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongSupplier;

/**
 * The system clock's time, continued by the machine's monotonic clock: it never goes back, and it does not jump while
 * something runs. Where the system clock is set, this one follows it by a tenth of the time that passes, as a lease
 * and its heartbeats can bear, and at once where nothing runs: see {@link #atRest} and {@link #follow}.
 */
public final class SteadyClock implements InstantSource {
    /** It gains or loses at most the time that passes divided by this. */
    private static final int SLOWLY = 10;

    private final InstantSource system;
    private final LongSupplier nanos;
    private final ReentrantLock lock = new ReentrantLock();
    private Instant time;
    private long readAt;

    SteadyClock(InstantSource system, LongSupplier nanos, Instant notBefore) {
        this.system = system;
        this.nanos = nanos;
        this.time = later(system.instant(), notBefore);
        this.readAt = nanos.getAsLong();
    }

    /** Shows the system clock's time, as of now. */
    public static SteadyClock system() {
        return over(InstantSource.system(), Instant.EPOCH);
    }

    /** @param notBefore a time that an earlier clock has shown; what was written then must not be in the future */
    public static SteadyClock over(InstantSource system, Instant notBefore) {
        return new SteadyClock(system, System::nanoTime, notBefore);
    }

    @Override
    public Instant instant() {
        lock.lock();
        try {
            long now = nanos.getAsLong();
            long passed = now - readAt;
            readAt = now;
            Duration behind = Duration.between(time.plusNanos(passed), system.instant());
            long most = passed / SLOWLY;
            long correction = behind.compareTo(Duration.ofNanos(most)) > 0
                    ? most
                    : behind.compareTo(Duration.ofNanos(-most)) < 0 ? -most : behind.toNanos();
            time = time.plusNanos(passed + correction);
            return time;
        } finally {
            lock.unlock();
        }
    }

    /** Nothing runs by this clock just now: it leaps forward to the system clock's time, if that is later. */
    public void atRest() {
        take(later(instant(), system.instant()));
    }

    /**
     * Nothing that was started with this clock still runs: it takes the system clock's time, be it earlier or later.
     */
    public void follow() {
        take(system.instant());
    }

    private void take(Instant instant) {
        lock.lock();
        try {
            time = instant;
            readAt = nanos.getAsLong();
        } finally {
            lock.unlock();
        }
    }

    private static Instant later(Instant a, Instant b) {
        return a.isAfter(b) ? a : b;
    }
}
