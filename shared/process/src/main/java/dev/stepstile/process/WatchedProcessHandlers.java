package dev.stepstile.process;

import dev.stepstile.api.StepHandler;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Process handlers whose configuration may be edited while steps run: it is looked at before each step. One that cannot be
 * used is reported, and the handlers stay as they were.
 */
public final class WatchedProcessHandlers implements AutoCloseable {
    /** How long a configuration that cannot be used is not read again, unless it changes. */
    private static final Duration BROKEN = Duration.ofSeconds(2);

    private final @Nullable Path file;
    private final Supplier<Set<String>> taken;
    private final Reloading reloading;
    private final ProcessHandlers handlers;
    private final ReentrantLock refresher = new ReentrantLock();
    private List<HandlerSpec> specs;
    private volatile String stamp;
    private volatile @Nullable String broken;
    private volatile long brokenSince;

    private WatchedProcessHandlers(@Nullable Path file, Supplier<Set<String>> taken, Reloading reloading, String text) {
        this.file = file;
        this.taken = taken;
        this.reloading = reloading;
        this.stamp = stamp();
        this.specs = HandlersFile.read(text);
        this.handlers = new ProcessHandlers(specs, reloading);
    }

    /**
     * As {@link ProcessHandlers#open}.
     *
     * @param document a document that is no file does not change
     * @param taken names that other handlers have, whenever they are asked for
     */
    public static WatchedProcessHandlers open(String document, Supplier<Set<String>> taken, Reloading reloading) {
        boolean inline = document.stripLeading().startsWith("{");
        Path file = inline || !reloading.on() ? null : Path.of(document).toAbsolutePath();
        return new WatchedProcessHandlers(file, taken, reloading, document);
    }

    /** The handlers; looks first whether they have changed. */
    public List<StepHandler> handlers() {
        if (file != null && mayHaveChanged()) {
            refresher.lock();
            try {
                if (mayHaveChanged()) {
                    refresh(file);
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt(); // the caller is being stopped
            } finally {
                refresher.unlock();
            }
        }
        return handlers.handlers();
    }

    private boolean mayHaveChanged() {
        return !stamp().equals(stamp) || (broken != null && System.nanoTime() - brokenSince >= BROKEN.toNanos());
    }

    /** How large the file is and when it was last changed. */
    private String stamp() {
        try {
            return file == null ? "" : Files.size(file) + " " + Files.getLastModifiedTime(file);
        } catch (IOException e) {
            return "missing";
        }
    }

    private void refresh(Path changed) throws InterruptedException {
        SettledFiles.await(changed);
        String now = stamp();
        try {
            List<HandlerSpec> read = HandlersFile.read(changed.toString());
            ProcessHandlers.checkNames(read, taken.get());
            if (!read.equals(specs)) {
                handlers.replace(read);
                reloading.report(changed.getFileName() + " has changed: new steps run the new handlers ("
                        + differences(specs, read) + "), those that run now end with the old ones.");
                specs = read;
            }
            broken = null;
        } catch (IllegalArgumentException e) {
            String why = String.valueOf(e.getMessage());
            if (!why.equals(broken)) {
                reloading.report(why + " Until this is fixed, the process handlers stay as they were.");
            }
            broken = why;
            brokenSince = System.nanoTime();
        }
        stamp = now;
    }

    private static String differences(List<HandlerSpec> before, List<HandlerSpec> after) {
        TreeMap<String, HandlerSpec> old = new TreeMap<>();
        before.forEach(spec -> old.put(spec.name(), spec));
        SortedSet<String> added = new TreeSet<>();
        SortedSet<String> changed = new TreeSet<>();
        for (HandlerSpec spec : after) {
            HandlerSpec was = old.remove(spec.name());
            if (was == null) {
                added.add(spec.name());
            } else if (!was.equals(spec)) {
                changed.add(spec.name());
            }
        }
        List<String> parts = new ArrayList<>();
        list("changed", changed, parts);
        list("added", added, parts);
        list("removed", old.navigableKeySet(), parts);
        return String.join("; ", parts);
    }

    private static void list(String what, SortedSet<String> names, List<String> parts) {
        if (!names.isEmpty()) {
            parts.add(what + " " + String.join(", ", names));
        }
    }

    /** The names of the handlers, as they were when it was looked last. */
    public Set<String> names() {
        return handlers.handlers().stream().map(StepHandler::name).collect(Collectors.toSet());
    }

    /** How many handlers that were replaced still have processes. */
    int retired() {
        return handlers.retired();
    }

    /** Ends all of their processes, with the steps that run in them. */
    @Override
    public void close() {
        handlers.close();
    }
}
