package dev.stepstile.simulation;

import dev.stepstile.port.StepStore;
import dev.stepstile.step.Precondition;
import dev.stepstile.step.StepRecord;

/** Writes some records whatever is stored: as if their writes had no condition. */
abstract class Forced extends PassingStore {
    Forced(StepStore store) {
        super(store);
    }

    /** Whether the write of this record has no condition. */
    abstract boolean forces(StepRecord next, Precondition expect);

    @Override
    public WriteResult write(StepRecord next, Precondition expect) {
        WriteResult result = store.write(next, expect);
        while (forces(next, expect) && result instanceof WriteResult.Refused(StepRecord found) && found != null) {
            result = store.write(next, Precondition.asRead(found));
        }
        return result;
    }
}
