package dev.stepstile.client;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.function.IntSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Where a reader of the feed is, and where it goes back to. An entry may come late: a write is stamped, then waits. So the
 * reader goes back: a little every {@link FeedTimes#STEP_BACK_EVERY} while something comes; where nothing comes, twice as
 * far each time, up to {@link FeedTimes#OVERLAP}; that far every {@link FeedTimes#REREAD_EVERY} in any case.
 */
final class FeedPosition {
    /** Reads a page of the feed and notes its entries. */
    interface Pages {
        FeedPage read(@Nullable String cursor);
    }

    private record Past(Instant at, @Nullable String cursor) {}

    private final Pages pages;
    private final Pacing pacing;
    private final Deque<Past> pasts = new ArrayDeque<>();
    private @Nullable String cursor;
    private Duration overlap = FeedTimes.FIRST_OVERLAP;
    private Instant freshAt;
    private Instant stepBackAt;
    private Instant idleRereadAt;
    private Instant rereadAt;

    FeedPosition(Pages pages, Pacing pacing) {
        this.pages = pages;
        this.pacing = pacing;
        Instant now = pacing.now();
        this.freshAt = now;
        this.stepBackAt = now;
        this.idleRereadAt = now.plus(FeedTimes.FIRST_OVERLAP);
        this.rereadAt = now.plus(FeedTimes.REREAD_EVERY);
        pasts.add(new Past(now, null));
    }

    /**
     * Reads what is new, and again what may have come late.
     *
     * @param found how many entries were noted as new so far
     * @param most of them: no further page is read then, so that they can be held in memory
     */
    void read(IntSupplier found, int most) {
        int before = found.getAsInt();
        goOn(found, most);
        Instant now = pacing.now();
        if (found.getAsInt() > before) {
            freshAt = now;
            overlap = FeedTimes.FIRST_OVERLAP;
            idleRereadAt = now.plus(overlap);
            if (!now.isBefore(stepBackAt)) {
                goBack(FeedTimes.STEP_BACK);
                stepBackAt = pacing.now().plus(FeedTimes.STEP_BACK_EVERY);
            }
        } else if (!now.isBefore(idleRereadAt)) {
            goBack(overlap);
            idleRereadAt = now.plus(overlap);
            Duration doubled = overlap.multipliedBy(2);
            overlap = doubled.compareTo(FeedTimes.OVERLAP) < 0 ? doubled : FeedTimes.OVERLAP;
        }
        if (!now.isBefore(rereadAt)) {
            goBack(FeedTimes.OVERLAP);
            rereadAt = now.plus(FeedTimes.REREAD_EVERY);
        }
    }

    /** Reads from where it was up to the end, or for as long as it may before it steps back. */
    private void goOn(IntSupplier found, int most) {
        Instant until = pacing.now().plus(FeedTimes.STEP_BACK_EVERY);
        boolean more = true;
        while (more) {
            FeedPage page = pages.read(cursor);
            cursor = page.cursor();
            Instant now = pacing.now();
            more = !page.caughtUp() && now.isBefore(until) && found.getAsInt() < most;
            remember(now);
        }
    }

    /** Reads again what lies between where it was that long before something last came, and where it is. */
    private void goBack(Duration by) {
        String at = cursorAt(freshAt.minus(by));
        boolean more = true;
        while (more) {
            FeedPage page = pages.read(at);
            at = page.cursor();
            more = !page.caughtUp();
        }
    }

    private void remember(Instant now) {
        if (!pasts.getLast().at().plus(FeedTimes.NOTE_CURSOR_EVERY).isAfter(now)) {
            pasts.addLast(new Past(now, cursor));
        }
        while (pasts.size() > 1 && secondOldestIsOldEnough()) {
            pasts.removeFirst();
        }
    }

    /** The oldest is not needed then. */
    private boolean secondOldestIsOldEnough() {
        var oldest = pasts.iterator();
        oldest.next();
        return !oldest.next().at().isAfter(freshAt.minus(FeedTimes.OVERLAP));
    }

    /** Where the feed was read up to at {@code instant}, or a little before it. */
    private @Nullable String cursorAt(Instant instant) {
        String at = pasts.getFirst().cursor();
        for (Past past : pasts) {
            if (past.at().isAfter(instant)) {
                break;
            }
            at = past.cursor();
        }
        return at;
    }
}
