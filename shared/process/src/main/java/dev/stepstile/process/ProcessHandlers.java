package dev.stepstile.process;

import dev.stepstile.api.StepHandler;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.locks.ReentrantLock;
import java.util.stream.Collectors;

/** The process handlers that a worker was given, and the processes that belong to them. */
public final class ProcessHandlers implements AutoCloseable {
    private final StepFolders folders = StepFolders.create();
    private final ProcessGroups groups = new ProcessGroups(folders.folder());
    private final Reloading reloading;
    private final ReentrantLock lock = new ReentrantLock();
    private final List<Launcher> retired = new ArrayList<>();
    private SortedMap<String, Entry> entries = new TreeMap<>();

    private record Entry(HandlerSpec spec, Launcher launcher, StepHandler handler) {}

    ProcessHandlers(List<HandlerSpec> specs, Reloading reloading) {
        this.reloading = reloading;
        folders.deleteLeftOver().forEach(groups::endMarked);
        replace(specs);
    }

    /**
     * Warm hosts begin to load their code, and this returns before they have.
     *
     * @param document the JSON document of docs/process-handlers.md if it starts with a brace, else its file's path
     * @throws IllegalArgumentException that explains what is wrong and how to fix it
     */
    public static ProcessHandlers open(String document) {
        return new ProcessHandlers(HandlersFile.read(document), Reloading.LOGGED);
    }

    /**
     * Only checks whether it could be opened beside these other handlers.
     *
     * @throws IllegalArgumentException as {@link #open}, or if one has the name of one of them
     */
    public static void check(String document, List<StepHandler> others) {
        checkNames(
                HandlersFile.read(document),
                others.stream().map(StepHandler::name).collect(Collectors.toSet()));
    }

    static void checkNames(List<HandlerSpec> specs, Set<String> taken) {
        for (HandlerSpec spec : specs) {
            if (taken.contains(spec.name())) {
                throw new IllegalArgumentException(
                        "The process handler '" + spec.name() + "' has the name of a Java handler; rename it.");
            }
        }
    }

    /** These are the handlers from now on. One that stays as it was keeps its warm host; steps that run are left alone. */
    void replace(List<HandlerSpec> specs) {
        lock.lock();
        try {
            SortedMap<String, Entry> replaced = new TreeMap<>(entries);
            SortedMap<String, Entry> after = new TreeMap<>();
            for (HandlerSpec spec : specs) {
                Entry before = replaced.get(spec.name());
                boolean same = before != null && before.spec().equals(spec);
                after.put(spec.name(), before != null && same ? before : entry(spec));
                if (same) {
                    replaced.remove(spec.name());
                }
            }
            entries = after;
            for (Entry entry : replaced.values()) {
                entry.launcher().retire();
                retired.add(entry.launcher());
            }
            retired.removeIf(Launcher::idle);
        } finally {
            lock.unlock();
        }
    }

    private Entry entry(HandlerSpec spec) {
        Launcher launcher = spec.mode() instanceof HandlerSpec.Warm warm
                ? new WarmHostPool(spec, warm, groups, reloading)
                : new CommandLauncher(spec, groups);
        return new Entry(spec, launcher, new ProcessHandler(spec, launcher, groups, folders));
    }

    public List<StepHandler> handlers() {
        lock.lock();
        try {
            return entries.values().stream().map(Entry::handler).toList();
        } finally {
            lock.unlock();
        }
    }

    /** How many handlers that were replaced still have processes. */
    int retired() {
        lock.lock();
        try {
            retired.removeIf(Launcher::idle);
            return retired.size();
        } finally {
            lock.unlock();
        }
    }

    /** Ends all of its processes, with the steps that run in them. */
    @Override
    public void close() {
        lock.lock();
        try {
            entries.values().forEach(entry -> entry.launcher().close());
            retired.forEach(Launcher::close);
        } finally {
            lock.unlock();
        }
        groups.close();
        folders.close();
    }
}
