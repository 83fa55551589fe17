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
    static final SweepReport DISPATCH = new SweepReport(1, 0, 0, 0, 0, 0, 0, 0);
    static final SweepReport CLOSED = new SweepReport(0, 1, 0, 0, 0, 0, 0, 0);
    static final SweepReport RESENT = new SweepReport(0, 0, 1, 0, 0, 0, 0, 0);
    static final SweepReport RECLAIMED = new SweepReport(0, 0, 0, 1, 0, 0, 0, 0);
    static final SweepReport CANCELLED = new SweepReport(0, 0, 0, 0, 1, 0, 0, 0);
    static final SweepReport DEAD_LETTERED = new SweepReport(0, 0, 0, 0, 0, 1, 0, 0);
    static final SweepReport DISCARDED = new SweepReport(0, 0, 0, 0, 0, 0, 1, 0);
    static final SweepReport UNREACHABLE = new SweepReport(0, 0, 0, 0, 0, 0, 0, 1);

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
