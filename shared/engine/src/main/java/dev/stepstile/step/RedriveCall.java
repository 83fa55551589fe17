package dev.stepstile.step;

import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A redrive call that its caller named, so that it is one redrive however often it is made.
 *
 * @param digest of the request: the same redriveId with another digest is refused
 * @param redriven how many steps it redrove; null until it is done
 * @param unknown keys that it named and no step of the run has, the first hundred
 */
public record RedriveCall(
        String runId,
        String redriveId,
        String digest,
        Instant calledAt,
        @Nullable Integer redriven,
        List<String> unknown) {
    public RedriveCall {
        unknown = List.copyOf(unknown);
    }

    public RedriveCall done(int count, List<String> unknownKeys) {
        return new RedriveCall(runId, redriveId, digest, calledAt, count, unknownKeys);
    }
}
