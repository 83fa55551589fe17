package dev.stepstile.usecase;

import dev.stepstile.port.StepQueue;
import dev.stepstile.port.StepStore;

/** What executing steps needs. */
record ExecutionParts(
        EngineParts engine,
        Redriver redriver,
        Handlers handlers,
        HandlerOutput output,
        SuspectLimit suspects,
        WorkerShutdown shutdown) {

    StepStore store() {
        return engine.store();
    }

    StepQueue queue() {
        return engine.queue();
    }

    Payloads payloads() {
        return engine.payloads();
    }

    StepRecorder recorder() {
        return engine.recorder();
    }

    DeadLetterer deadLetterer() {
        return engine.deadLetterer();
    }

    Timing timing() {
        return engine.timing();
    }

    EngineRuntime runtime() {
        return engine.runtime();
    }

    Meter meter() {
        return engine.meter();
    }
}
