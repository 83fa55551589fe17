package dev.stepstile.protocol;

import java.util.concurrent.atomic.AtomicInteger;

/**
 * How many suspects run at a time, among all workers that share this: a suspect has a worker to itself, and must not take
 * every worker from the runs of others.
 */
public final class SuspectTurns {
    /** One worker in so many may run a suspect. */
    private static final int WORKERS_PER_SUSPECT = 4;

    private final AtomicInteger free;

    private SuspectTurns(int atOnce) {
        free = new AtomicInteger(atOnce);
    }

    /** A quarter of the workers, and at least one. */
    public static SuspectTurns among(int workers) {
        return new SuspectTurns(Math.max(1, workers / WORKERS_PER_SUSPECT));
    }

    /** False if as many suspects as may are running. */
    boolean take() {
        return free.getAndUpdate(left -> Math.max(0, left - 1)) > 0;
    }

    void giveBack() {
        free.incrementAndGet();
    }
}
