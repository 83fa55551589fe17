package dev.stepstile.usecase;

/** What is counted; the names of the EMF metrics, of a sweep's report and of a demo's summary. */
public enum Metric {
    STEPS_DISPATCHED,
    STEPS_CLAIMED,
    STEPS_SUCCEEDED,
    STEPS_FAILED,
    STEPS_DEAD,
    STEPS_CANCELLED,
    /** Attempts that failed and are retried. */
    ATTEMPTS_RETRIED,
    /** Attempts that were released because their worker was stopped; they are not counted. */
    ATTEMPTS_RELEASED,
    /** Attempts that were ended because their worker was lost. */
    WORKERS_LOST,
    /** Messages that found their step held, finished or attached to another dispatch. */
    DUPLICATES_SUPPRESSED,
    /** Results and failures of attempts that others had ended, because their worker had fallen silent. */
    STALE_REFUSED,
    /** Steps put back because they may have killed a worker and must run alone. */
    SUSPECTS_DEFERRED,
    /** Messages that were unrecognised, or had an unknown version. */
    MESSAGES_UNRECOGNISED,
    /** Handlers that ignored their interruption and were abandoned. */
    HANDLERS_ABANDONED,
    STEPS_RESENT,
    STEPS_RECLAIMED,
    DEAD_LETTERS_SENT,
    STEPS_REDRIVEN,
    /** Records that a sweep found damaged, each time that it does. */
    RECORDS_DAMAGED,
    DISPATCHES_SWEPT,
    DISPATCHES_CLOSED,
    /** Notifications of closed dispatches that their targets accepted. */
    NOTIFICATIONS_SENT,
    /** Notifications of closed dispatches that were given up. */
    NOTIFICATIONS_FAILED
}
