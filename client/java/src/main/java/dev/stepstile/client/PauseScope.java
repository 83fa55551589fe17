package dev.stepstile.client;

/** What a pause covers. */
public sealed interface PauseScope {
    /** Every step. */
    record Everything() implements PauseScope {}

    /** The steps of a run, also those that are dispatched to it later. */
    record OfRun(String runId) implements PauseScope {
        /** @throws IllegalArgumentException if there can be no such run */
        public OfRun {
            Checked.runId(runId);
        }
    }

    /** The steps of a handler, of all runs. */
    record OfHandler(String handler) implements PauseScope {
        /** @throws IllegalArgumentException if there can be no such handler */
        public OfHandler {
            Checked.name("handler", handler);
        }
    }

    /**
     * One that this version of the client does not know; it can be neither paused nor resumed.
     *
     * @param name as the API says it
     */
    record Unrecognised(String name) implements PauseScope {}
}
