package dev.stepstile.client;

import java.time.Duration;

/** When a reader of the feed does what; the table under "Reading the feed" in the wire contract says why. */
final class FeedTimes {
    static final Duration OVERLAP = Duration.ofSeconds(15);
    static final Duration FIRST_OVERLAP = Duration.ofMillis(200);
    static final Duration STEP_BACK = Duration.ofMillis(500);
    static final Duration STEP_BACK_EVERY = Duration.ofMillis(250);
    static final Duration REREAD_EVERY = Duration.ofSeconds(5);
    static final Duration LOOKUP_EVERY = Duration.ofSeconds(30);
    static final Duration NOTE_CURSOR_EVERY = Duration.ofMillis(100);
    static final Duration SHORTEST_PAUSE = Duration.ofMillis(10);
    static final Duration LONGEST_PAUSE = Duration.ofMillis(500);

    private FeedTimes() {}

    /** The pause after one in which nothing came. */
    static Duration longer(Duration pause) {
        Duration longer = pause.multipliedBy(3).dividedBy(2);
        return longer.compareTo(LONGEST_PAUSE) < 0 ? longer : LONGEST_PAUSE;
    }
}
