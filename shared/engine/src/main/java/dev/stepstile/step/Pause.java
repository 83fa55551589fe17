package dev.stepstile.step;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * A pause of a scope, which lasts or has ended. A scope has one; every change raises its version, and is conditional on the
 * version read.
 *
 * @param pausedAt whole milliseconds
 * @param resumedAt when it ended; null while it lasts. Nothing that was sent later than it was stopped by it
 * @param reason what whoever paused it said; empty if nothing
 */
public record Pause(
        PauseScope scope, Instant pausedAt, @Nullable Instant resumedAt, String reason, long version) {

    public static Pause first(PauseScope scope, Instant now, String reason) {
        return new Pause(scope, now, null, reason, 1);
    }

    public boolean lasts() {
        return resumedAt == null;
    }

    /** Paused once more, after it had ended. */
    public Pause again(Instant now, String why) {
        return new Pause(scope, now, null, why, version + 1);
    }

    public Pause resumed(Instant now) {
        return new Pause(scope, pausedAt, now, reason, version + 1);
    }
}
