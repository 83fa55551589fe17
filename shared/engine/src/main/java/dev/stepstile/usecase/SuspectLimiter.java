package dev.stepstile.usecase;

import java.util.concurrent.atomic.AtomicInteger;

/**
 * How many suspects run at a time, among all workers that share this: a suspect has a worker to itself, and must not take
 * every worker from the runs of others.
 */
public final class SuspectLimiter implements SuspectLimit {
    /** One worker in so many may run a suspect. */
    private static final int WORKERS_PER_SUSPECT = 4;

    /** The value of {@link #held} once the worker has ended. */
    private static final int RELEASED = -1;

    private final AtomicInteger free;
    private final AtomicInteger held = new AtomicInteger();

    private SuspectLimiter(AtomicInteger free) {
        this.free = free;
    }

    /** A quarter of the workers, and at least one. */
    public static SuspectLimiter among(int workers) {
        return new SuspectLimiter(new AtomicInteger(share(workers)));
    }

    /** How many suspects may run at a time, of so many workers. */
    public static int share(int workers) {
        return Math.max(1, workers / WORKERS_PER_SUSPECT);
    }

    /** One worker's view of this limit, for a worker that may end without giving back the turns it holds. */
    public SuspectLimiter share() {
        return new SuspectLimiter(free);
    }

    /** Gives back all turns of a worker that has ended; it can take none any more, and a later {@link #giveBack} has no effect. */
    public void release() {
        free.addAndGet(Math.max(0, held.getAndSet(RELEASED)));
    }

    @Override
    public boolean take() {
        if (free.getAndUpdate(left -> Math.max(0, left - 1)) == 0) {
            return false;
        }
        if (held.getAndUpdate(turns -> turns == RELEASED ? RELEASED : turns + 1) == RELEASED) {
            free.incrementAndGet();
            return false;
        }
        return true;
    }

    @Override
    public void giveBack() {
        if (held.getAndUpdate(turns -> turns == RELEASED ? RELEASED : turns - 1) != RELEASED) {
            free.incrementAndGet();
        }
    }
}
