package dev.stepstile.usecase;

/** What is measured, each as a duration; the names of the EMF metrics, whose unit is seconds. */
public enum Measure {
    STEP_WAIT(
            Kind.HISTOGRAM,
            "Of a step that is claimed for the first time: how long ago it was dispatched, or could begin."),
    HANDLER_DURATION(Kind.HISTOGRAM, "Of an attempt: how long its handler ran."),
    RECOVERY_TIME(
            Kind.HISTOGRAM,
            "Of a lost worker that left steps: the time from its last heartbeat until these were sent again."),
    SWEEP_DURATION(Kind.HISTOGRAM, "How long a sweep took."),
    OLDEST_WAIT(
            Kind.NEWEST, "In the newest sweep: how long the step has waited that waits longest of all that could run."),
    FEED_LAG(Kind.NEWEST, "In the newest sweep: how late the feed showed an end that it found, at least.");

    private final Kind kind;
    private final String help;

    Measure(Kind kind, String help) {
        this.kind = kind;
        this.help = help;
    }

    /** What of the values counts. */
    public enum Kind {
        /** How they are distributed. */
        HISTOGRAM,
        /** The newest one. */
        NEWEST
    }

    public Kind kind() {
        return kind;
    }

    /** What it measures, in a sentence. */
    public String help() {
        return help;
    }
}
