package dev.stepstile.usecase;

import dev.stepstile.step.StepEvent;
import dev.stepstile.step.StepRecord;
import dev.stepstile.step.StepSpec;
import dev.stepstile.step.StepState;
import org.jspecify.annotations.Nullable;

/**
 * Cancels one step. Of a running one, the worker is asked first and the record marked second: after a crash in between, the
 * worker stops its handler, and the step ends CANCELLED all the same. The other way round, nobody would ask the worker.
 */
final class StepCanceller {
    private final EngineParts parts;

    StepCanceller(EngineParts parts) {
        this.parts = parts;
    }

    StepRecorder.Recorded cancel(StepSpec spec, @Nullable StepRecord found, long seq) {
        return cancel(spec, found, new StepEvent.Cancel(spec, seq));
    }

    /** The step alone. */
    StepRecorder.Recorded cancel(StepSpec spec, @Nullable StepRecord found) {
        return cancel(spec, found, new StepEvent.CancelStep(spec));
    }

    private StepRecorder.Recorded cancel(StepSpec spec, @Nullable StepRecord found, StepEvent cancel) {
        askWorker(found);
        StepRecorder.Recorded recorded = parts.recorder().apply(spec.id(), found, cancel);
        if (recorded instanceof StepRecorder.Recorded.Wrote(StepRecord after)
                && (found == null || after.attempt() != found.attempt())) {
            askWorker(after); // it was claimed in between
        }
        return recorded;
    }

    /** If its worker is gone, its attempt has ended, or is ended as lost. */
    void askWorker(@Nullable StepRecord record) {
        if (record != null && record.state() instanceof StepState.Running && record.worker() != null) {
            parts.workers().askToCancel(record.worker(), record.id());
        }
    }
}
