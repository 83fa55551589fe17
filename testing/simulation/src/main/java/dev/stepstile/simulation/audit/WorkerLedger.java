package dev.stepstile.simulation.audit;

import dev.stepstile.simulation.scheduler.SimulatedProcess;
import dev.stepstile.step.WorkerRecord;
import org.jspecify.annotations.Nullable;

/** What the auditor has seen of one worker. Times are virtual milliseconds. */
final class WorkerLedger {
    /** The process that wrote its item. */
    final SimulatedProcess process;

    /** The item as last written; null once it is deleted. */
    @Nullable
    WorkerRecord item;

    /** The item as it was before it was revoked for the first time; null if it was not. */
    @Nullable
    WorkerRecord revoked;

    /** When its item was first written. */
    final long since;

    /** When it last said that it is alive: its first item, or a heartbeat. */
    long signAt;

    /** When its item was deleted. */
    long endedAt = StepLedger.NEVER;

    WorkerLedger(SimulatedProcess process, long now) {
        this.process = process;
        this.since = now;
        this.signAt = now;
    }
}
