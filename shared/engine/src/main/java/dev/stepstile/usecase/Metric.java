package dev.stepstile.usecase;

/** What is counted; the names of the EMF metrics, of a sweep's report and of a demo's summary. */
public enum Metric {
    STEPS_DISPATCHED("Steps accepted."),
    STEPS_CLAIMED("Attempts begun."),
    STEPS_SUCCEEDED("Steps that ended with a result."),
    STEPS_FAILED("Steps that ended with a failure of which a retry is pointless."),
    STEPS_DEAD("Steps that used up their attempts, or could not be started."),
    STEPS_CANCELLED("Steps that were cancelled."),
    ATTEMPTS_RETRIED("Attempts that failed and are retried."),
    ATTEMPTS_RELEASED("Attempts that were released because their worker was stopped; they are not counted."),
    WORKERS_LOST("Attempts that were ended because their worker was lost."),
    DUPLICATES_SUPPRESSED("Messages that found their step held, finished or attached to another dispatch."),
    STALE_REFUSED("Results and failures of attempts that others had ended, because their worker had fallen silent."),
    SUSPECTS_DEFERRED("Steps put back because they may have killed a worker and must run alone."),
    STEPS_PAUSED("Messages of paused steps, which were deleted; a sweep sends others after the resume."),
    MESSAGES_UNRECOGNISED("Messages that were unrecognised, or had an unknown version."),
    HANDLERS_ABANDONED("Handlers that ignored their interruption and were abandoned."),
    STEPS_RESENT("Steps whose message a sweep sent again."),
    STEPS_RECLAIMED("Steps that were taken from a lost worker."),
    DEAD_LETTERS_SENT("Dead letters sent."),
    STEPS_REDRIVEN("Steps that were redriven."),
    RECORDS_DAMAGED("Records that a sweep found damaged, each time that it does."),
    DISPATCHES_SWEPT("Dispatches that a sweep visited."),
    DISPATCHES_CLOSED("Dispatches that a sweep closed."),
    NOTIFICATIONS_SENT("Notifications of closed dispatches that their targets accepted."),
    NOTIFICATIONS_FAILED("Notifications of closed dispatches that were given up."),
    AUDITS_COMPLETED("Parts of the audit of all runs that were made."),
    AUDITS_FAILED("Parts of the audit of all runs that were begun and not made."),
    RUNS_AUDITED("Runs that an audit of all runs has looked at, each time that it does."),
    STEPS_AUDITED("Steps that an audit of all runs has looked at, each time that it does."),
    AUDIT_VIOLATIONS("Violations that an audit of all runs has found, each time that it does.");

    private final String help;

    Metric(String help) {
        this.help = help;
    }

    /** What it counts, in a sentence. */
    public String help() {
        return help;
    }
}
