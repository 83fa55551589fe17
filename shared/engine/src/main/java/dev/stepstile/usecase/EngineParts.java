package dev.stepstile.usecase;

import dev.stepstile.port.Ports;
import dev.stepstile.port.StepQueue;
import dev.stepstile.port.StepStore;
import dev.stepstile.port.WorkerStore;

/** What executing steps and sweeping have in common. */
record EngineParts(
        Ports ports,
        Payloads payloads,
        StepRecorder recorder,
        DeadLetterer deadLetterer,
        Timing timing,
        EngineRuntime runtime,
        Meter meter) {

    Traces traces() {
        return recorder.traces();
    }

    StepStore store() {
        return ports.store();
    }

    StepQueue queue() {
        return ports.queue();
    }

    WorkerStore workers() {
        return ports.workers();
    }
}
