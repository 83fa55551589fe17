package dev.stepstile.client;

import java.util.List;

/**
 * Why steps of a run failed.
 *
 * @param groups the largest first
 * @param otherCount failures of further groups: a page of the API has its 100 largest ones. A narrower filter shows them
 */
public record Failures(List<FailureGroup> groups, int otherCount) {
    /** Keeps a copy of the groups. */
    public Failures {
        groups = List.copyOf(groups);
    }
}
