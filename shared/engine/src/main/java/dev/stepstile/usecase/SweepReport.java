package dev.stepstile.usecase;

/**
 * What one sweep did.
 *
 * @param dispatches how many it looked at
 * @param closed how many of them it closed
 * @param unreachable how often something could not be read or written; the next sweep tries again
 */
public record SweepReport(int dispatches, int closed, int unreachable, Steps steps) {

    /** To how many steps what was done. */
    public record Steps(int resent, int reclaimed, int cancelled, int deadLettered, int discarded) {
        private static final Steps NONE = new Steps(0, 0, 0, 0, 0);

        private Steps plus(Steps other) {
            return new Steps(
                    resent + other.resent,
                    reclaimed + other.reclaimed,
                    cancelled + other.cancelled,
                    deadLettered + other.deadLettered,
                    discarded + other.discarded);
        }
    }

    static final SweepReport NOTHING = new SweepReport(0, 0, 0, Steps.NONE);
    static final SweepReport DISPATCH = new SweepReport(1, 0, 0, Steps.NONE);
    static final SweepReport CLOSED = new SweepReport(0, 1, 0, Steps.NONE);
    static final SweepReport UNREACHABLE = new SweepReport(0, 0, 1, Steps.NONE);
    static final SweepReport RESENT = of(new Steps(1, 0, 0, 0, 0));
    static final SweepReport RECLAIMED = of(new Steps(0, 1, 0, 0, 0));
    static final SweepReport CANCELLED = of(new Steps(0, 0, 1, 0, 0));
    static final SweepReport DEAD_LETTERED = of(new Steps(0, 0, 0, 1, 0));
    static final SweepReport DISCARDED = of(new Steps(0, 0, 0, 0, 1));

    private static SweepReport of(Steps steps) {
        return new SweepReport(0, 0, 0, steps);
    }

    SweepReport plus(SweepReport other) {
        return new SweepReport(
                dispatches + other.dispatches,
                closed + other.closed,
                unreachable + other.unreachable,
                steps.plus(other.steps));
    }
}
