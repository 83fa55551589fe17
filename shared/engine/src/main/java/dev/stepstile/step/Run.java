package dev.stepstile.step;

import java.time.Instant;

/**
 * One execution of the orchestrator's job.
 *
 * @param shards over how many partitions the run's records are spread; fixed by its first dispatch
 * @param cancelSeq how often the run was cancelled: every step whose own number is lower is to be cancelled
 */
public record Run(String runId, Instant createdAt, int shards, long cancelSeq) {
    public boolean cancelled() {
        return cancelSeq > 0;
    }
}
