package dev.stepstile.client;

import java.util.List;

/**
 * What became of a cancel of some steps of a run.
 *
 * @param cancelledCount how many it ended at once
 * @param stoppingCount how many running ones were asked to stop
 * @param unknownKeys keys that no step of the run has, the first hundred of them
 * @param complete false if the time of the call was over, or a write failed: make the call again, as nothing else finishes it
 */
public record StepCancelResult(int cancelledCount, int stoppingCount, List<String> unknownKeys, boolean complete) {
    /** Keeps a copy of the keys. */
    public StepCancelResult {
        unknownKeys = List.copyOf(unknownKeys);
    }
}
