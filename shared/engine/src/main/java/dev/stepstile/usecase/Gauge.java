package dev.stepstile.usecase;

/** How many of something there are now, as the newest sweep found; the names of the EMF metrics. */
public enum Gauge {
    STEPS_QUEUED("Steps of open dispatches that neither run nor have ended: they wait for a worker, or pause."),
    STEPS_RUNNING("Steps that run, as of the newest heartbeats of their workers."),
    WORKERS("Workers that live."),
    DEAD_LETTERS("Dead letters in their queue, about.");

    private final String help;

    Gauge(String help) {
        this.help = help;
    }

    /** What there are so many of, in a sentence. */
    public String help() {
        return help;
    }
}
