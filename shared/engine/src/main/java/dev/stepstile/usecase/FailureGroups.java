package dev.stepstile.usecase;

import dev.stepstile.step.StepError;
import dev.stepstile.step.StepState;
import dev.stepstile.usecase.RunQueries.Step;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/** Groups the failures of steps as a search finds them. A page of them is never full: it ends by time. */
public final class FailureGroups implements StepSearch.Page {
    /** Groups that are listed: more tell a reader nothing that the largest do not. */
    public static final int MOST = 100;

    /** Steps that are shown of a group. */
    public static final int EXAMPLES = 3;

    private final Map<FailureGroup, Group> groups = new LinkedHashMap<>();
    private int count;

    /** A group, as far as it is read. Its times are those of the failures. */
    public static final class Group {
        private final FailureGroup failure;
        private final SortedMap<StepState.Name, Integer> states = new TreeMap<>();
        private final List<Step> examples = new ArrayList<>();
        private Instant firstAt;
        private Instant lastAt;
        private int count;

        private Group(FailureGroup failure, Instant at) {
            this.failure = failure;
            this.firstAt = at;
            this.lastAt = at;
        }

        private void add(Step step) {
            Instant at = step.failedAt();
            firstAt = at.isBefore(firstAt) ? at : firstAt;
            lastAt = at.isAfter(lastAt) ? at : lastAt;
            states.merge(step.state(), 1, Integer::sum);
            count++;
            if (examples.size() < EXAMPLES) {
                examples.add(step);
            }
        }

        public FailureGroup failure() {
            return failure;
        }

        public SortedMap<StepState.Name, Integer> states() {
            return states;
        }

        /** The first {@link #EXAMPLES} in the order of the search. */
        public List<Step> examples() {
            return examples;
        }

        public Instant firstAt() {
            return firstAt;
        }

        public Instant lastAt() {
            return lastAt;
        }

        public int count() {
            return count;
        }
    }

    @Override
    public int room() {
        return Integer.MAX_VALUE;
    }

    @Override
    public boolean add(Step step) {
        StepError error = step.failure();
        if (error != null) {
            FailureGroup failure = FailureGroup.of(step.handler(), error);
            groups.computeIfAbsent(failure, first -> new Group(first, step.failedAt()))
                    .add(step);
            count++;
        }
        return true;
    }

    /** At most {@link #MOST}; those of the same size in the order in which the search found them. */
    List<Group> largest() {
        return groups.values().stream()
                .sorted(Comparator.comparingInt(Group::count).reversed())
                .limit(MOST)
                .toList();
    }

    /** The failures of the groups that are not among the largest. */
    int inOthers() {
        return count - largest().stream().mapToInt(Group::count).sum();
    }

    int count() {
        return count;
    }
}
