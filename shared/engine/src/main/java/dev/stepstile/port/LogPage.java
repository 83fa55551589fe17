package dev.stepstile.port;

import dev.stepstile.step.StepId;
import java.time.Instant;
import java.util.List;

/**
 * A piece of what an attempt wrote, at most 16 KB. Page 0 also shows that the attempt started.
 *
 * @param number 0, 1, 2 …
 */
public record LogPage(StepId id, int shard, int attempt, int number, Instant at, List<String> lines) {
    public LogPage {
        lines = List.copyOf(lines);
    }
}
