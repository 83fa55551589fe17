package dev.stepstile.usecase;

import java.time.Instant;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/** Whether a worker shuts down, and the attempts that it stops then. */
final class WorkerShutdown {
    private final List<Lease> running = new CopyOnWriteArrayList<>();
    private volatile boolean begun;
    private volatile Instant until = Instant.MAX;

    /** Whether the worker starts no more steps, and releases the attempts that fail because they are interrupted. */
    boolean begun() {
        return begun;
    }

    /** When running handlers are abandoned; {@link Instant#MAX} as long as the worker does not shut down. */
    Instant until() {
        return until;
    }

    void add(Lease lease) {
        running.add(lease);
    }

    void remove(Lease lease) {
        running.remove(lease);
    }

    /** Interrupts the running handlers, and abandons those that have not ended by {@code abandonAt}. */
    void stop(Instant abandonAt) throws InterruptedException {
        until = abandonAt;
        begun = true; // first: a handler that is just starting reads it
        running.forEach(Lease::interruptHandler);
        for (Lease lease : running) {
            lease.abandonHandlerAt(abandonAt);
        }
    }
}
