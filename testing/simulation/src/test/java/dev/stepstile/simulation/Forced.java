package dev.stepstile.simulation;

import dev.stepstile.port.StepStore;
import dev.stepstile.step.Expect;
import dev.stepstile.step.StepRecord;

/** Writes some records whatever is stored: as if their writes had no condition. */
abstract class Forced extends PassingStore {
    Forced(StepStore store) {
        super(store);
    }

    /** Whether the write of this record has no condition. */
    abstract boolean forces(StepRecord next, Expect expect);

    @Override
    public WriteResult write(StepRecord next, Expect expect) {
        WriteResult result = store.write(next, expect);
        while (forces(next, expect) && result instanceof WriteResult.Refused(StepRecord found) && found != null) {
            result = store.write(next, Expect.asRead(found));
        }
        return result;
    }
}
