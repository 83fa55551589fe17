package dev.stepstile.local.handlers;

import dev.stepstile.api.StepContext;
import dev.stepstile.api.StepInput;
import dev.stepstile.api.StepResult;
import dev.stepstile.usecase.ProcessIsolation;
import java.time.Duration;

/** A handler of the user, as the stack sees it: its steps run in a process. */
final class HostedHandler implements ProcessIsolation {
    private final String name;
    private final Duration grace;
    private final HandlerProcesses processes;

    HostedHandler(String name, Duration grace, HandlerProcesses processes) {
        this.name = name;
        this.grace = grace;
        this.processes = processes;
    }

    @Override
    public Duration grace() {
        return grace;
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public StepResult run(StepInput input, StepContext context) throws Exception {
        return processes.run(name, input, context, false);
    }

    @Override
    public StepResult runAlone(StepInput input, StepContext context) throws Exception {
        return processes.run(name, input, context, true);
    }
}
