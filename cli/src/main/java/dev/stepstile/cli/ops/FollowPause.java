package dev.stepstile.cli.ops;

import dev.stepstile.client.FeedReader;
import java.time.Duration;

/** Between two looks at a feed that a person follows: what ends is seen within a second, and each look is a call that costs. */
final class FollowPause {
    private static final Duration LOOKS = Duration.ofMillis(500);

    private FollowPause() {}

    /** As the reader says, while there is more of what has been; and longer once it has come to the end. */
    static Duration after(FeedReader feed) {
        return feed.caughtUp() && feed.pause().compareTo(LOOKS) < 0 ? LOOKS : feed.pause();
    }
}
