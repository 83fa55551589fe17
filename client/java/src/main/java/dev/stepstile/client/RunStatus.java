package dev.stepstile.client;

import java.time.Instant;
import java.util.Collections;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * How a run stands.
 *
 * @param createdAt when something was first dispatched to it
 * @param cancelled whether the run was cancelled: it takes no more steps
 * @param stepCount steps of all its dispatches; a step that two of them name is counted in both
 * @param dispatches how many there are
 * @param counts of the steps by status, without zeros
 * @param countedAt as of when; null before the first sweep that counted, when there are no counts
 */
public record RunStatus(
        String runId,
        Instant createdAt,
        boolean cancelled,
        int stepCount,
        Dispatches dispatches,
        Map<StepStatus, Integer> counts,
        @Nullable Instant countedAt) {
    /**
     * The dispatches of a run.
     *
     * @param count all of them
     * @param openCount those in which something is left to do; at 0 every step has ended
     * @param notifications of those that notify, at most 100, failed ones first
     */
    public record Dispatches(int count, int openCount, List<NotificationStatus> notifications) {
        /** Keeps a copy of the list. */
        public Dispatches {
            notifications = List.copyOf(notifications);
        }
    }

    /** Keeps a copy of the counts. */
    public RunStatus {
        EnumMap<StepStatus, Integer> copy = new EnumMap<>(StepStatus.class);
        copy.putAll(counts);
        counts = Collections.unmodifiableMap(copy);
    }

    /** How many dispatches have something left to do; at 0 every step has ended. */
    public int openDispatchCount() {
        return dispatches.openCount();
    }
}
