package dev.stepstile.testkit;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What became of one attempt.
 *
 * @param number 1, 2, 3 …: what the handler got as its fence
 * @param failure the kind of the failure, as in the feed (such as {@code HANDLER_FAILED}, {@code TIMEOUT} or
 *     {@code WORKER_LOST}); null if the attempt succeeded, or was stopped without a note
 * @param message of the failure; empty without one
 * @param progress what the handler reported, in order; of a stored step, only the newest can be read
 * @param output the lines that the handler printed or logged, as they were recorded. A worker that was lost takes those of
 *     its last second with it
 */
public record AttemptOutcome(
        int number, @Nullable String failure, String message, List<Progress> progress, List<String> output) {

    /** One report of a handler's progress. */
    public record Progress(double fraction, String note) {}
}
