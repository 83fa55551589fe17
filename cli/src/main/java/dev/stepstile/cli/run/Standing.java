package dev.stepstile.cli.run;

import dev.stepstile.client.StepStatus;
import java.time.Duration;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * How a run of rows stands.
 *
 * @param total rows; null while a stream is not at its end
 * @param dispatched rows whose dispatch was accepted
 * @param ended steps by how they ended
 * @param underway steps that run, or wait for a retry, as of the last sweep that counted
 * @param perSecond steps that ended in the last seconds
 * @param left until all have ended, at that rate; null if nobody can tell
 */
record Standing(
        @Nullable Integer total,
        int dispatched,
        Map<StepStatus, Integer> ended,
        Map<StepStatus, Integer> underway,
        double perSecond,
        @Nullable Duration left) {

    int done() {
        return ended.values().stream().mapToInt(Integer::intValue).sum();
    }

    int of(StepStatus status) {
        return ended.getOrDefault(status, 0) + underway.getOrDefault(status, 0);
    }

    boolean allSucceeded() {
        return of(StepStatus.SUCCEEDED) == done();
    }
}
