package dev.stepstile.process;

import dev.stepstile.api.StepContext;
import dev.stepstile.api.StepHandler;
import dev.stepstile.api.StepInput;
import dev.stepstile.api.StepResult;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.SortedMap;

/** A handler whose attempts are processes. */
final class ProcessHandler implements StepHandler {
    /** As OpenTelemetry names the variables that stand for the headers of a trace. */
    static final String TRACEPARENT = "TRACEPARENT";

    static final String TRACESTATE = "TRACESTATE";

    private final HandlerSpec spec;
    private final Launcher launcher;
    private final ProcessGroups groups;
    private final StepFolders folders;

    /** @param folders where each attempt gets a folder while it runs */
    ProcessHandler(HandlerSpec spec, Launcher launcher, ProcessGroups groups, StepFolders folders) {
        this.spec = spec;
        this.launcher = launcher;
        this.groups = groups;
        this.folders = folders;
    }

    @Override
    public String name() {
        return spec.name();
    }

    @Override
    public StepResult run(StepInput input, StepContext step) throws Exception {
        Path folder = folders.attempt();
        try (Conversation conversation = conversation(folder, input, step)) {
            SortedMap<String, String> variables = conversation.variables();
            step.traceparent().ifPresent(text -> variables.put(TRACEPARENT, text));
            step.tracestate().ifPresent(text -> variables.put(TRACESTATE, text));
            variables.put(ProcessGroups.MARK, ProcessGroups.mark(folder));
            RunningProcess process = launcher.launch(folder, variables);
            return new StepProcess(process, groups, conversation, step).follow(spec.grace());
        } finally {
            StepFolders.delete(folder);
        }
    }

    private Conversation conversation(Path folder, StepInput input, StepContext step) throws IOException {
        return spec.mode() instanceof HandlerSpec.Plain
                ? new PlainConversation(folder, input, step)
                : new PipesConversation(folder, input, step);
    }

    /** The process's grace, and a little more to read its result. */
    @Override
    public Duration grace() {
        return spec.grace().plusSeconds(2);
    }
}
