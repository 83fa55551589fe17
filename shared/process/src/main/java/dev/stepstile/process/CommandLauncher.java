package dev.stepstile.process;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Set;
import java.util.SortedMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;

/** A command for each step, as the leader of a process group of its own. */
final class CommandLauncher implements Launcher {
    private final HandlerSpec spec;
    private final ProcessGroups groups;
    private final Set<Process> running = ConcurrentHashMap.newKeySet();

    CommandLauncher(HandlerSpec spec, ProcessGroups groups) {
        this.spec = spec;
        this.groups = groups;
    }

    @Override
    public RunningProcess launch(Path folder, SortedMap<String, String> variables) throws IOException, ProcessFailed {
        String missing = ProgramFinder.missing(spec.command().getFirst(), spec.directory());
        if (missing != null) { // it was there when the worker started
            throw new ProcessFailed("Handler '" + spec.name() + "': " + missing + ".");
        }
        Path input = spec.mode() instanceof HandlerSpec.Plain
                ? folder.resolve(PlainConversation.INPUT)
                : Path.of("/dev/null");
        ProcessBuilder builder =
                spec.process(ProcessGroups.NEW_GROUP).redirectInput(ProcessBuilder.Redirect.from(input.toFile()));
        builder.environment().keySet().removeAll(PlainConversation.OPTIONAL);
        builder.environment().putAll(variables);
        Process process = builder.start();
        groups.adopt(process.pid(), folder);
        running.add(process);
        CompletableFuture<ProcessExit> exit = process.onExit().thenApply(ended -> {
            running.remove(ended);
            return ProcessExit.ofJvm(ended.exitValue());
        });
        return new RunningProcess(
                process.pid(), process.getInputStream(), process.getErrorStream(), exit, new CompletableFuture<>());
    }

    @Override
    public void retire() {}

    @Override
    public boolean idle() {
        return running.isEmpty();
    }

    @Override
    public void close() {
        for (Process process : running) {
            groups.signal(ProcessGroups.KILL, process.pid());
        }
    }
}
