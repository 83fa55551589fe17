package dev.stepstile.testkit;

import java.time.Duration;

/** A running attempt, as faults act on it. */
interface AttemptUnderTest {

    /** The worker is killed: of this attempt, nothing more happens. */
    void loseWorker() throws InterruptedException;

    /** The worker stands still until the step has ended by other attempts; then the handler goes on. */
    void standStill() throws InterruptedException;

    /** The run is cancelled, and the worker has learned so from its next heartbeat. */
    void cancel() throws InterruptedException;

    /** Another worker receives the step's message now, and one more once this attempt has ended. */
    void deliverTwice() throws InterruptedException;

    void clockForward(Duration duration) throws InterruptedException;

    void throttle(int calls);
}
