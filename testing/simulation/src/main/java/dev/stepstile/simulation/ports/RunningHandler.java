package dev.stepstile.simulation.ports;

import dev.stepstile.simulation.scheduler.Scheduler;
import dev.stepstile.simulation.scheduler.SimulatedProcess;
import dev.stepstile.step.StepId;

/** User code that runs: one attempt's handler in one process. Compared by identity. */
public final class RunningHandler {
    public final StepId id;
    public final int attempt;
    public final String input;
    public final SimulatedProcess by;

    /** When it began, in virtual milliseconds. */
    public final long since;

    /** How many lines it has logged. */
    public int lines;

    /** In how many milliseconds it asks to be tried again; 0 if it does not. */
    public long retryAfterMillis;

    /** From when on it should stop; {@link Scheduler#NEVER} while it should go on. */
    public long stopFrom = Scheduler.NEVER;

    public RunningHandler(StepId id, int attempt, String input, SimulatedProcess by, long since) {
        this.id = id;
        this.attempt = attempt;
        this.input = input;
        this.by = by;
        this.since = since;
    }
}
