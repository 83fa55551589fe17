package dev.stepstile.client;

import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A step as it stands.
 *
 * @param attempt the newest one; 0 while queued
 * @param origin which code runs it, and who asked for that
 * @param startedAt when its newest attempt began; null while queued
 * @param state its state
 * @param attempts what became of the last ten attempts that did not succeed, oldest first; empty in a listing
 * @param log what the call answers of the step's log
 */
public record StepRecord(
        String key,
        int attempt,
        Origin origin,
        @Nullable Instant startedAt,
        StepState state,
        List<Attempt> attempts,
        StepLog log) {
    /**
     * Where a step's settings come from.
     *
     * @param handler which code runs it
     * @param dispatchId of the dispatch whose input and settings it has
     * @param maxAttempts of its budget; null in a listing
     * @param redrivenBy the last redrive of it; null if there was none, and in a listing
     * @param dispatchDeadline the step ends FAILED if it has not ended by then; null if there is none, and in a listing
     *     of steps that have started
     */
    public record Origin(
            String handler,
            String dispatchId,
            @Nullable Integer maxAttempts,
            @Nullable String redrivenBy,
            @Nullable Instant dispatchDeadline) {}

    /** Keeps a copy of the attempts. */
    public StepRecord {
        attempts = List.copyOf(attempts);
    }

    /** Which code runs it. */
    public String handler() {
        return origin.handler();
    }
}
