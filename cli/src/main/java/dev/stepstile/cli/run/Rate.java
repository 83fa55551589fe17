package dev.stepstile.cli.run;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.Deque;
import org.jspecify.annotations.Nullable;

/** How many steps end in a second, of late: those that had ended before a run was attached to are not counted. */
final class Rate {
    private static final Duration WINDOW = Duration.ofSeconds(15);
    private static final Duration NOTE_EVERY = Duration.ofMillis(250);

    private record Noted(Instant at, int done) {}

    private final Deque<Noted> noted = new ArrayDeque<>();

    void note(Instant now, int done) {
        if (noted.isEmpty() || !now.isBefore(noted.getLast().at().plus(NOTE_EVERY))) {
            noted.addLast(new Noted(now, done));
        }
        while (noted.size() > 2 && noted.getFirst().at().isBefore(now.minus(WINDOW))) {
            noted.removeFirst();
        }
    }

    double perSecond(Instant now, int done) {
        if (noted.isEmpty()) {
            return 0;
        }
        double seconds = Duration.between(noted.getFirst().at(), now).toMillis() / 1000.0;
        return seconds <= 0 ? 0 : (done - noted.getFirst().done()) / seconds;
    }

    /** Null if nobody can tell. */
    static @Nullable Duration left(int steps, double perSecond) {
        return perSecond <= 0 ? null : Duration.ofMillis(Math.round(steps / perSecond * 1000));
    }
}
