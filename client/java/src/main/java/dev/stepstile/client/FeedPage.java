package dev.stepstile.client;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One answer of the feed.
 *
 * @param cursor where the next one begins; null for the start
 * @param caughtUp whether there was nothing more: a hint to pause
 */
record FeedPage(List<Entry> entries, @Nullable String cursor, boolean caughtUp) {
    /** Something that the feed shows: perhaps twice, perhaps late. */
    sealed interface Entry {
        String key();

        int attempt();
    }

    /**
     * A step ended.
     *
     * @param logPageCount how many pages its attempt wrote
     */
    record Ended(String key, int attempt, StepState.Ended state, int logPageCount) implements Entry {}

    /** A running attempt wrote a page of its log. */
    record LogWritten(String key, int attempt, int page) implements Entry {}
}
