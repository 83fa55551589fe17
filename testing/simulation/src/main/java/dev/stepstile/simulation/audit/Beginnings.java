package dev.stepstile.simulation.audit;

import dev.stepstile.codec.Json;
import dev.stepstile.simulation.ports.RunningHandler;
import dev.stepstile.step.StepRecord;
import dev.stepstile.usecase.Dispatcher;

/** An attempt begins once, after it was claimed, with the input that its client gave. */
final class Beginnings implements Check {
    private final Audit audit;
    private final Ledgers ledgers;

    Beginnings(Audit audit, Ledgers ledgers) {
        this.audit = audit;
        this.ledgers = ledgers;
    }

    @Override
    public void workBegun(StepLedger step, RunningHandler work) {
        if (step.began.contains(work.attempt)) {
            audit.violated(work.id, "attempt " + work.attempt + " began to work twice");
        }
        if (work.attempt > step.fence) {
            audit.violated(work.id, "attempt " + work.attempt + " began to work and was never claimed");
        }
        StepRecord record = step.last;
        Dispatcher.NewStep given = record == null || record.settings().input() != null // by a redrive
                ? null
                : ledgers.run(work.id.runId()).given(record.settings().dispatchId(), work.id.stepKey());
        if (given != null && !given.input().equals(work.input) && !same(given.input(), work.input)) {
            audit.violated(work.id, "attempt " + work.attempt + " was given another input: " + work.input);
        }
    }

    private static boolean same(String one, String other) {
        try {
            return Json.parse(one).equals(Json.parse(other));
        } catch (Json.BadJson e) {
            return false;
        }
    }
}
