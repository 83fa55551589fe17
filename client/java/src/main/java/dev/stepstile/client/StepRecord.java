package dev.stepstile.client;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A step as it stands.
 *
 * @param attempt the newest one; 0 while queued
 * @param origin which code runs it, and who asked for that
 * @param times of its newest attempt
 * @param state its state
 * @param attempts what became of the last ten attempts that did not succeed, oldest first; empty in a listing
 * @param log what the call answers of the step's log
 */
public record StepRecord(
        String key, int attempt, Origin origin, Times times, StepState state, List<Attempt> attempts, StepLog log) {
    /**
     * Where a step's settings come from.
     *
     * @param handler which code runs it
     * @param dispatchId of the dispatch whose input and settings it has
     * @param maxAttempts of its budget; null in a listing
     * @param redrivenBy the last redrive of it; null if there was none, and in a listing
     * @param traceparent where it is in its trace, at the span of its newest attempt; null if it was dispatched in none, and
     *     in a listing
     * @param dispatchDeadline the step ends FAILED if it has not ended by then; null if there is none, and in a listing
     *     of steps that have started
     * @param input of its newest attempt, where the call was asked for it
     */
    public record Origin(
            String handler,
            String dispatchId,
            @Nullable Integer maxAttempts,
            @Nullable String redrivenBy,
            @Nullable String traceparent,
            @Nullable Instant dispatchDeadline,
            StepInput input) {}

    /**
     * When the newest attempt of a step ran.
     *
     * @param startedAt when it began; null while the step is queued
     * @param duration for how long the last attempt of an ended step ran; null if it has not ended, and if none was claimed
     */
    public record Times(
            @Nullable Instant startedAt, @Nullable Duration duration) {}

    /** Keeps a copy of the attempts. */
    public StepRecord {
        attempts = List.copyOf(attempts);
    }

    /** When its newest attempt began; null while queued. */
    public @Nullable Instant startedAt() {
        return times.startedAt();
    }

    /** For how long the last attempt of an ended step ran; null if it has not ended, and if no attempt was claimed. */
    public @Nullable Duration duration() {
        return times.duration();
    }

    /** Which code runs it. */
    public String handler() {
        return origin.handler();
    }
}
