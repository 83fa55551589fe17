package dev.stepstile.simulation;

import dev.stepstile.step.StepId;

/** User code that runs: one attempt's handler in one process. Compared by identity. */
final class Working {
    final StepId id;
    final int attempt;
    final String input;
    final SimulatedProcess by;

    /** When it began, in virtual milliseconds. */
    final long since;

    /** How many lines it has logged. */
    int lines;

    /** In how many milliseconds it asks to be tried again; 0 if it does not. */
    long retryAfterMillis;

    /** From when on it should stop; {@link Scheduler#NEVER} while it should go on. */
    long stopFrom = Scheduler.NEVER;

    Working(StepId id, int attempt, String input, SimulatedProcess by, long since) {
        this.id = id;
        this.attempt = attempt;
        this.input = input;
        this.by = by;
        this.since = since;
    }
}
