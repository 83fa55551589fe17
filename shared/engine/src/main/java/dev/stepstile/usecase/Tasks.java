package dev.stepstile.usecase;

import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.Callable;

/**
 * Threads, timers and waiting. Everything in this package that runs beside something else, or waits, does so here, so
 * that a simulator can decide the order.
 */
public interface Tasks {

    /** Starts work on a thread of its own. The name describes the work; it is not unique. */
    <T> Task<T> fork(String name, Callable<T> work);

    /**
     * As {@link #fork}, for users' code: it may compute for minutes without waiting for anything, and heartbeats and
     * other steps continue all the same.
     */
    default <T> Task<T> forkUserCode(String name, Callable<T> work) {
        return fork(name, work);
    }

    /** Waits until the clock shows this instant. */
    void sleepUntil(Instant instant) throws InterruptedException;

    /**
     * Calls {@code tick} first after {@code period} and then each period, one call at a time, until cancelled. A tick
     * that throws is logged, and the next one follows all the same.
     */
    Cancellable every(String name, Duration period, Runnable tick);

    /** Stops what was started. */
    interface Cancellable {
        /** Once this returns no tick is under way and none follows. Not to be called by a tick. */
        void cancel();
    }

    /** Work that was forked. */
    interface Task<T> {
        /** Waits for the end. What the work threw is thrown here, unchecked exceptions and errors as they are. */
        T join() throws InterruptedException;

        /** Waits for the end, or for {@code instant}, or until given up; true if the work has ended. */
        boolean joinUntil(Instant instant) throws InterruptedException;

        /** Interrupts the work; it may take no notice. */
        void interrupt();

        /** Interrupts the work, and ends every wait for it at once. */
        void giveUp();
    }
}
