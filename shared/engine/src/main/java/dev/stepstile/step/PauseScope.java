package dev.stepstile.step;

import java.util.Optional;

/** What a pause covers. */
public sealed interface PauseScope {
    /** Names the scope; two scopes of the same name are the same. */
    String name();

    /** Whether a step is covered. */
    boolean covers(String runId, String handler);

    /** Whether a step of the run can be covered, whatever its handler. */
    boolean mayCover(String runId);

    /** Every step. */
    record Everything() implements PauseScope {
        @Override
        public String name() {
            return "all";
        }

        @Override
        public boolean covers(String runId, String handler) {
            return true;
        }

        @Override
        public boolean mayCover(String runId) {
            return true;
        }
    }

    /** Every step of a run, also of what is dispatched to it later. */
    record OfRun(String runId) implements PauseScope {
        @Override
        public String name() {
            return RUN + runId;
        }

        @Override
        public boolean covers(String run, String handler) {
            return runId.equals(run);
        }

        @Override
        public boolean mayCover(String run) {
            return runId.equals(run);
        }
    }

    /** Every step that this handler is to run, of all runs. */
    record OfHandler(String handler) implements PauseScope {
        @Override
        public String name() {
            return HANDLER + handler;
        }

        @Override
        public boolean covers(String runId, String its) {
            return handler.equals(its);
        }

        @Override
        public boolean mayCover(String runId) {
            return true;
        }
    }

    String RUN = "run#";
    String HANDLER = "handler#";

    /** The scope of that name; empty if only a newer version knows it. */
    static Optional<PauseScope> named(String name) {
        if (name.equals("all")) {
            return Optional.of(new Everything());
        }
        if (name.startsWith(RUN)) {
            return Optional.of(new OfRun(name.substring(RUN.length())));
        }
        return name.startsWith(HANDLER)
                ? Optional.of(new OfHandler(name.substring(HANDLER.length())))
                : Optional.empty();
    }
}
