package dev.stepstile.client;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What an audit of a run found.
 *
 * @param violations what cannot be; none if all is well
 * @param checkedCount how many steps were checked
 * @param readCount how many reads were made for them
 * @param unreadCount payloads, and ends in the feed, that were not looked at, as two reads a step were spent; which ones, is left to chance
 */
public record AuditReport(List<Violation> violations, int checkedCount, int readCount, int unreadCount) {
    /** Keeps a copy of the violations. */
    public AuditReport {
        violations = List.copyOf(violations);
    }

    /**
     * Something that cannot be.
     *
     * @param kind one of those that the wire contract lists, as {@code FEED_MISSING}; there may be new ones
     * @param key of the step; null if it is not about one
     * @param dispatchId null if it is not about one
     * @param evidence what was read, for people
     */
    public record Violation(
            String kind, @Nullable String key, @Nullable String dispatchId, String evidence) {}
}
