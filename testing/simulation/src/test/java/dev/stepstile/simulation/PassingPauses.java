package dev.stepstile.simulation;

import dev.stepstile.port.PauseStore;
import dev.stepstile.step.Pause;
import java.util.List;

/** Passes every call on, unless it is overridden. */
class PassingPauses implements PauseStore {
    final PauseStore pauses;

    PassingPauses(PauseStore pauses) {
        this.pauses = pauses;
    }

    @Override
    public List<Pause> pauses() {
        return pauses.pauses();
    }

    @Override
    public boolean replace(Pause next) {
        return pauses.replace(next);
    }
}
