package dev.stepstile.usecase;

/** What one sweep did. */
public record SweepReport(
        int dispatches,
        int closed,
        int resent,
        int reclaimed,
        int cancelled,
        int deadLettered,
        int discarded,
        int unreachable) {
    static final SweepReport NOTHING = new SweepReport(0, 0, 0, 0, 0, 0, 0, 0);

    SweepReport plus(SweepReport other) {
        return new SweepReport(
                dispatches + other.dispatches,
                closed + other.closed,
                resent + other.resent,
                reclaimed + other.reclaimed,
                cancelled + other.cancelled,
                deadLettered + other.deadLettered,
                discarded + other.discarded,
                unreachable + other.unreachable);
    }
}
