package dev.stepstile.examples.flights;

/** Flights of several groups, merged. */
final class Tally {
    private final Histogram departure = new Histogram();
    private final Histogram arrival = new Histogram();
    private int flights;
    private int cancelled;

    void add(Group group) {
        flights += group.flights();
        cancelled += group.cancelled();
        departure.add(group.departure());
        arrival.add(group.arrival());
    }

    int flights() {
        return flights;
    }

    int cancelled() {
        return cancelled;
    }

    /** Cancelled flights of 100. */
    double cancelledPercent() {
        return flights == 0 ? 0 : 100.0 * cancelled / flights;
    }

    Histogram departure() {
        return departure;
    }

    Histogram arrival() {
        return arrival;
    }

    /** Whether there is a departure delay to speak of. */
    boolean flew() {
        return departure.count() > 0;
    }
}
