package dev.stepstile.usecase;

import java.time.Instant;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/** Whether a worker shuts down, and the attempts that it stops then. */
final class WorkerShutdown {
    private final List<RunningAttempt> running = new CopyOnWriteArrayList<>();
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

    void add(RunningAttempt attempt) {
        running.add(attempt);
    }

    void remove(RunningAttempt attempt) {
        running.remove(attempt);
    }

    /** Interrupts the running handlers, and abandons those that have not ended by {@code abandonAt}. */
    void stop(Instant abandonAt) throws InterruptedException {
        until = abandonAt;
        begun = true; // first: a handler that is just starting reads it
        running.forEach(RunningAttempt::interruptHandler);
        for (RunningAttempt attempt : running) {
            attempt.abandonHandlerAt(abandonAt);
        }
    }
}
