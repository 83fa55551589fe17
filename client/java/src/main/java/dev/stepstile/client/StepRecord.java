package dev.stepstile.client;

import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A step as it stands.
 *
 * @param attempt the newest one; 0 while queued
 * @param handler which code runs it
 * @param startedAt when its first attempt began; null while queued
 * @param state its state
 * @param attempts what became of the last ten attempts that did not succeed, oldest first; empty in a listing
 * @param log what the call answers of the step's log
 */
public record StepRecord(
        String key,
        int attempt,
        String handler,
        @Nullable Instant startedAt,
        StepState state,
        List<Attempt> attempts,
        StepLog log) {
    /** Keeps a copy of the attempts. */
    public StepRecord {
        attempts = List.copyOf(attempts);
    }
}
