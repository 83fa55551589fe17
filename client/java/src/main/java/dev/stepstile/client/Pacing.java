package dev.stepstile.client;

import java.time.Duration;
import java.time.Instant;

/** The time that passes while a caller waits. Tests have one of their own. */
interface Pacing {
    /** Of this machine; it never goes back. */
    Pacing REAL = new Pacing() {
        @Override
        public Instant now() {
            return Instant.EPOCH.plusNanos(System.nanoTime());
        }

        @Override
        public void pause(Duration pause) throws InterruptedException {
            Thread.sleep(pause);
        }
    };

    /** An instant that is good for differences alone. */
    Instant now();

    /** Waits. */
    void pause(Duration pause) throws InterruptedException;
}
