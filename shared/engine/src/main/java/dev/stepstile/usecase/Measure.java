package dev.stepstile.usecase;

/** What is measured, each as a duration; the names of the EMF metrics, whose unit is seconds. */
public enum Measure {
    /** Of a step that is claimed for the first time: how long ago it was dispatched. */
    STEP_WAIT,
    /** Each sweep: for how long the step has waited that waits longest of all that could run; zero if none waits. */
    OLDEST_WAIT,
    /** Each sweep: how late the feed showed an end that this sweep found, at least; zero if none was late. */
    FEED_LAG
}
