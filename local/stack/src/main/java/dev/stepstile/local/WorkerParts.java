package dev.stepstile.local;

import dev.stepstile.api.StepHandler;
import dev.stepstile.port.Ports;
import dev.stepstile.usecase.EngineRuntime;
import java.util.List;

/**
 * What a worker in this JVM is made from.
 *
 * @param handlers that steps may name, shared with other workers; those whose code may change are not among them
 */
public record WorkerParts(Ports ports, EngineRuntime runtime, List<StepHandler> handlers) {}
