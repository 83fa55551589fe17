package dev.stepstile.usecase;

import dev.stepstile.api.StepContext;
import dev.stepstile.api.StepHandler;
import dev.stepstile.api.StepInput;
import dev.stepstile.api.StepResult;

/** A handler that can give a step a process of its own: a step that may have killed a worker before gets one. */
public interface ProcessIsolation extends StepHandler {

    /** As {@link #run}, in a process in which nothing else runs. */
    StepResult runAlone(StepInput input, StepContext context) throws Exception;
}
