package dev.stepstile.testkit;

import java.util.concurrent.CountDownLatch;

/** Waits of handlers' threads that are not the handlers' own: an interruption is the handler's, and kept for it. */
final class Uninterrupted {
    private Uninterrupted() {}

    static void await(CountDownLatch latch) {
        boolean interrupted = false;
        boolean waiting = true;
        while (waiting) {
            try {
                latch.await();
                waiting = false;
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
