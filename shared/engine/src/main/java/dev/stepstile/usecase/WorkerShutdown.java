package dev.stepstile.usecase;

import java.time.Instant;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/** Whether a worker was told to stop, and the attempts that it has to stop then. */
final class WorkerShutdown {
    private final List<Lease> running = new CopyOnWriteArrayList<>();
    private volatile boolean begun;
    private volatile Instant until = Instant.MAX;

    /** From now on nothing is begun, and what fails because it is interrupted is released. */
    boolean begun() {
        return begun;
    }

    /** When what runs is left behind; never, as long as nobody has told this worker to stop. */
    Instant until() {
        return until;
    }

    void begins(Lease lease) {
        running.add(lease);
    }

    void ends(Lease lease) {
        running.remove(lease);
    }

    /** Interrupts what runs, and leaves behind what has not ended by {@code leaveAt}. */
    void stop(Instant leaveAt) throws InterruptedException {
        until = leaveAt;
        begun = true; // first: a handler that is just being started looks at it
        running.forEach(Lease::interruptHandler);
        for (Lease lease : running) {
            lease.leaveHandlerAt(leaveAt);
        }
    }
}
