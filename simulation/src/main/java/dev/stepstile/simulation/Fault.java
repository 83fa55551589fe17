package dev.stepstile.simulation;

import java.time.Duration;

/** What may go wrong at one port call. */
public sealed interface Fault {

    /** The calling process dies before the call has any effect. */
    record CrashBefore() implements Fault {}

    /** The calling process dies after the effect, before it hears of it. */
    record CrashAfter() implements Fault {}

    /** The call fails without an effect: a throttle, a refused connection. */
    record Fail() implements Fault {}

    /** The call has its effect, and fails: its response was lost. */
    record LoseResponse() implements Fault {}

    /**
     * The call has its effect twice, and the caller sees the second answer: the client retried by itself after a lost
     * response. A receive leaves what it returns visible, so that it is delivered a second time at once.
     */
    record Duplicate() implements Fault {}

    /** The calling process stands still so long with the call half made, and goes on: a zombie if its lease ends. */
    record Pause(Duration length) implements Fault {}
}
