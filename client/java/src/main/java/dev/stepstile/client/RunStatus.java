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
 * @param paused whether it, or everything, is paused: no further step of it begins
 * @param steps how many there are
 * @param dispatches how many there are
 */
public record RunStatus(
        String runId, Instant createdAt, boolean cancelled, boolean paused, Steps steps, Dispatches dispatches) {
    /**
     * The steps of a run.
     *
     * @param count of all its dispatches; a step that two of them name is counted in both
     * @param counts by status, without zeros
     * @param countedAt as of when; null before the first sweep that counted, when there are no counts, and in a list of runs
     */
    public record Steps(
            int count,
            Map<StepStatus, Integer> counts,
            @Nullable Instant countedAt) {
        /** Keeps a copy of the counts. */
        public Steps {
            EnumMap<StepStatus, Integer> copy = new EnumMap<>(StepStatus.class);
            copy.putAll(counts);
            counts = Collections.unmodifiableMap(copy);
        }
    }

    /**
     * The dispatches of a run.
     *
     * @param count all of them
     * @param openCount those in which something is left to do; at 0 every step has ended
     * @param notifications of those that notify, at most 100, failed ones first; none in a list of runs
     */
    public record Dispatches(int count, int openCount, List<NotificationStatus> notifications) {
        /** Keeps a copy of the list. */
        public Dispatches {
            notifications = List.copyOf(notifications);
        }
    }

    /** How many steps there are; one that two dispatches name is counted in both. */
    public int stepCount() {
        return steps.count();
    }

    /** How many steps are in each status, without zeros. */
    public Map<StepStatus, Integer> counts() {
        return steps.counts();
    }

    /** As of when the steps are counted; null before the first sweep that counted. */
    public @Nullable Instant countedAt() {
        return steps.countedAt();
    }

    /** How many dispatches have something left to do; at 0 every step has ended. */
    public int openDispatchCount() {
        return dispatches.openCount();
    }
}
