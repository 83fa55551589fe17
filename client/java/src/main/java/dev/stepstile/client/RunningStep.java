package dev.stepstile.client;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * A step that a worker runs, as of the worker's newest heartbeat.
 *
 * @param runId of the step
 * @param attempt which attempt it is
 * @param dispatchId of the dispatch by which its message was sent
 * @param startedAt when the attempt began
 * @param worker who runs it
 * @param progress what the handler last reported and printed
 */
public record RunningStep(
        String runId, String key, int attempt, String dispatchId, Instant startedAt, Worker worker, Progress progress) {
    /**
     * An invocation of the step function.
     *
     * @param id its name
     * @param leaseUntil until when it is believed to live without another heartbeat; null in a list of steps and in a lookup,
     *     which do not have it, and before its first heartbeat
     * @param lost whether that time is over, or the worker was revoked: another attempt follows, unless this one has ended
     */
    public record Worker(String id, @Nullable Instant leaseUntil, boolean lost) {}

    /**
     * How far an attempt is.
     *
     * @param fraction 0 to 1, as the handler reports it
     * @param note what the handler says of it; empty for nothing
     * @param lastLine what it last printed, at most 100 characters; empty for nothing
     */
    public record Progress(double fraction, String note, String lastLine) {}

    /** What the attempt last printed, at most 100 characters; empty for nothing. */
    public String lastLine() {
        return progress.lastLine();
    }
}
