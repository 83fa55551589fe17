package dev.stepstile.testkit;

import java.util.Locale;

/**
 * A moment in an attempt of the step, at which a test lets something happen. Of the first attempt, unless {@link #ofAttempt}
 * names another.
 *
 * @param attempt 1, 2, 3 …
 * @param fraction of a {@link Kind#PROGRESS}, from 0 to 1; else 0
 */
public record Moment(Kind kind, int attempt, double fraction) {

    /** What the handler does at that moment. */
    public enum Kind {
        /** The attempt is claimed; the handler's first line follows. */
        START,
        /** The handler has called {@code progress} with the fraction, or more, and the call has not returned. */
        PROGRESS,
        /** The handler waits: it sleeps, or waits for a lock, another thread or an answer. */
        WAITING,
        /** The handler has returned or thrown, and nothing is recorded yet: what it has done to others is done. */
        END
    }

    /** Before the handler's first line. */
    public static Moment start() {
        return new Moment(Kind.START, 1, 0);
    }

    /** In the first call of {@code progress} with this fraction or more. */
    public static Moment progress(double fraction) {
        return new Moment(Kind.PROGRESS, 1, fraction);
    }

    /** Once the handler sleeps, or waits for anything. */
    public static Moment waiting() {
        return new Moment(Kind.WAITING, 1, 0);
    }

    /** After the handler, and before its result is recorded: the moment that no handler can avoid. */
    public static Moment end() {
        return new Moment(Kind.END, 1, 0);
    }

    /** The same moment of another attempt. */
    public Moment ofAttempt(int number) {
        return new Moment(kind, number, fraction);
    }

    @Override
    public String toString() {
        String what =
                kind == Kind.PROGRESS ? "progress " + fraction : kind.name().toLowerCase(Locale.ROOT);
        return "attempt " + attempt + ", " + what;
    }
}
