package dev.stepstile.port;

import dev.stepstile.step.Pause;
import java.util.List;

/**
 * The pauses, in the table. Each write is atomic and durable when the call returns. Every call may be made again after a
 * {@link PortException}.
 */
public interface PauseStore {

    /** Of a stack that pauses nothing. */
    PauseStore NONE = new PauseStore() {
        @Override
        public List<Pause> pauses() {
            return List.of();
        }

        @Override
        public boolean replace(Pause next) {
            throw new PortException("nothing can be paused here");
        }
    };

    /**
     * All that last, and those that ended within {@link dev.stepstile.step.Limits#PAUSE_KEPT} at least, in the order of the
     * names of their scopes. Consistent: a pause that was stored before the call is there. A scope that only a newer version
     * knows is left out.
     */
    List<Pause> pauses();

    /**
     * Stores the pause of a scope if the stored version is {@code next.version() - 1}, or none is stored and it is the first.
     * False if it was another, or if a first try whose answer was lost succeeded: the caller reads again either way.
     */
    boolean replace(Pause next);
}
