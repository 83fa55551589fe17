package dev.stepstile.port;

import dev.stepstile.step.StepId;
import java.time.Instant;
import java.util.List;

/**
 * A piece of what an attempt wrote, at most 16 KB. Versions before wrote an empty page 0 as a sign of the start.
 *
 * @param number 0, 1, 2 …
 */
public record LogPage(StepId id, int shard, int attempt, int number, Instant at, List<String> lines) {
    public LogPage {
        lines = List.copyOf(lines);
    }
}
