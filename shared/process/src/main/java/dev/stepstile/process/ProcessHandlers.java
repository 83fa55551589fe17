package dev.stepstile.process;

import dev.stepstile.api.StepHandler;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/** The process handlers that a worker was given, and the processes that belong to them. */
public final class ProcessHandlers implements AutoCloseable {
    private final List<StepHandler> handlers = new ArrayList<>();
    private final List<Launcher> launchers = new ArrayList<>();
    private final StepFolders folders = StepFolders.create();
    private final ProcessGroups groups = new ProcessGroups(folders.folder());

    private ProcessHandlers(List<HandlerSpec> specs) {
        folders.deleteLeftOver().forEach(groups::endMarked);
        for (HandlerSpec spec : specs) {
            Launcher launcher = spec.mode() instanceof HandlerSpec.Warm warm
                    ? new WarmHostPool(spec, warm, groups)
                    : new CommandLauncher(spec, groups);
            launchers.add(launcher);
            handlers.add(new ProcessHandler(spec, launcher, groups, folders));
        }
    }

    /**
     * Warm hosts begin to load their code, and this returns before they have.
     *
     * @param document the JSON document of docs/process-handlers.md if it starts with a brace, else its file's path
     * @throws IllegalArgumentException that explains what is wrong and how to fix it
     */
    public static ProcessHandlers open(String document) {
        return new ProcessHandlers(HandlersFile.read(document));
    }

    /**
     * Only checks whether it could be opened beside these other handlers.
     *
     * @throws IllegalArgumentException as {@link #open}, or if one has the name of one of them
     */
    public static void check(String document, List<StepHandler> others) {
        Set<String> taken = others.stream().map(StepHandler::name).collect(Collectors.toSet());
        for (HandlerSpec spec : HandlersFile.read(document)) {
            if (taken.contains(spec.name())) {
                throw new IllegalArgumentException(
                        "The process handler '" + spec.name() + "' has the name of a Java handler; rename it.");
            }
        }
    }

    public List<StepHandler> handlers() {
        return List.copyOf(handlers);
    }

    /** Ends all of its processes, with the steps that run in them. */
    @Override
    public void close() {
        launchers.forEach(Launcher::close);
        groups.close();
        folders.close();
    }
}
