package dev.stepstile.step;

import java.time.Duration;
import java.time.Instant;
import java.util.SortedMap;
import org.jspecify.annotations.Nullable;

/**
 * Whom a dispatch tells that it has ended, what else it tells, and whether that is done.
 *
 * @param tenant as named by the dispatch, or its run
 * @param tags those that all of its steps have
 * @param closing the closing that is told; null while the dispatch is open
 */
public record Notification(
        NotifyTarget target,
        String tenant,
        SortedMap<String, String> tags,
        @Nullable Closing closing) {

    /** The number of tries after which it is given up: about a day of them, one an hour at last. */
    public static final int MOST_TRIES = 30;

    private static final Duration LONGEST_WAIT = Duration.ofHours(1);

    /** How far a notification has come; first what somebody should look at. */
    public enum Status {
        /** It is given up. */
        FAILED,
        /** The dispatch is closed, and no try has succeeded yet. */
        OWED,
        /** Nobody is told yet, as the dispatch is open. */
        WAITING,
        /** The target has accepted it. */
        SENT
    }

    /**
     * One closing of the dispatch, and what came of telling it.
     *
     * @param version of the dispatch as it was closed
     * @param at when
     * @param tries how many were begun
     * @param nextTryAt null once the target is told, or given up
     * @param error why the last try failed; null if none did, or once the target is told
     */
    public record Closing(
            long version,
            Instant at,
            int tries,
            @Nullable Instant nextTryAt,
            @Nullable String error) {

        /** A try is begun; if nothing is heard of it, the next one follows then. */
        private Closing tried(Instant next) {
            return new Closing(version, at, tries + 1, next, error);
        }

        private Closing failed(String why, boolean forGood) {
            return new Closing(version, at, tries, forGood || tries >= MOST_TRIES ? null : nextTryAt, why);
        }

        private Closing sent() {
            return new Closing(version, at, tries, null, null);
        }
    }

    public static Notification of(NotifyTarget target, String tenant, SortedMap<String, String> tags) {
        return new Notification(target, tenant, tags, null);
    }

    public Status status() {
        if (closing == null) {
            return Status.WAITING;
        }
        if (closing.nextTryAt != null) {
            return Status.OWED;
        }
        return closing.error == null ? Status.SENT : Status.FAILED;
    }

    /** When it is next tried; null if it is not owed. */
    public @Nullable Instant nextTryAt() {
        return closing == null ? null : closing.nextTryAt;
    }

    Notification open() {
        return with(null);
    }

    Notification owed(long version, Instant now) {
        return with(new Closing(version, now, 0, now, null));
    }

    Notification tried(Instant now, Duration sweepEvery) {
        Closing owed = owed();
        return with(owed.tried(now.plus(wait(owed.tries + 1, sweepEvery))));
    }

    Notification sent() {
        return with(owed().sent());
    }

    Notification failed(String why, boolean forGood) {
        return with(owed().failed(why, forGood));
    }

    private Closing owed() {
        if (closing == null || closing.nextTryAt == null) {
            throw new IllegalStateException("no notification is owed");
        }
        return closing;
    }

    private Notification with(@Nullable Closing next) {
        return new Notification(target, tenant, tags, next);
    }

    /** After the n-th try: n - 1 times doubled. */
    private static Duration wait(int tries, Duration sweepEvery) {
        Duration wait = sweepEvery;
        for (int i = 1; i < tries && wait.compareTo(LONGEST_WAIT) < 0; i++) {
            wait = wait.multipliedBy(2);
        }
        return wait.compareTo(LONGEST_WAIT) < 0 ? wait : LONGEST_WAIT;
    }
}
