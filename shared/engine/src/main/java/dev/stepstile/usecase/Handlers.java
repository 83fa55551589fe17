package dev.stepstile.usecase;

import dev.stepstile.api.StepHandler;
import java.util.Collection;
import java.util.List;
import java.util.NavigableSet;
import java.util.Optional;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentSkipListSet;
import java.util.function.Supplier;

/** The handlers that this worker has, by name. */
public final class Handlers {
    /** Of so many handlers metrics know the names: on CloudWatch each costs as much as a metric. */
    public static final int LABELS = 50;

    /** The name in metrics of all others. */
    public static final String OTHER = "other";

    private final SortedMap<String, StepHandler> byName = new TreeMap<>();
    private final Supplier<List<StepHandler>> changing;
    private final NavigableSet<String> labels = new ConcurrentSkipListSet<>();

    /** @throws IllegalArgumentException if two have the same name */
    public Handlers(Collection<? extends StepHandler> handlers) {
        this(handlers, List::of);
    }

    /**
     * @param handlers the same for as long as this worker runs
     * @param changing called for each step: handlers whose code may be replaced while this worker runs
     * @throws IllegalArgumentException if two of the first have the same name
     */
    public Handlers(Collection<? extends StepHandler> handlers, Supplier<List<StepHandler>> changing) {
        this.changing = changing;
        for (StepHandler handler : handlers) {
            StepHandler other = byName.putIfAbsent(handler.name(), handler);
            if (other != null) {
                throw new IllegalArgumentException("two handlers are named '" + handler.name() + "': "
                        + other.getClass().getName() + " and "
                        + handler.getClass().getName() + "; rename one");
            }
        }
        byName.keySet().stream().limit(LABELS).forEach(labels::add);
    }

    public Optional<StepHandler> find(String name) {
        StepHandler fixed = byName.get(name);
        return fixed != null
                ? Optional.of(fixed)
                : changing.get().stream()
                        .filter(handler -> handler.name().equals(name))
                        .findFirst();
    }

    /**
     * The name of a handler in metrics: its own of the first {@link #LABELS}, by name, of those that stay the same, so that all
     * workers name the same ones; then of those that came first.
     */
    public String label(StepHandler handler) {
        String name = handler.name();
        if (!labels.contains(name) && !byName.containsKey(name) && labels.size() < LABELS) {
            labels.add(name);
        }
        return labels.contains(name) ? name : OTHER;
    }

    /** For a message to people: the names, or that there are none. */
    public String known() {
        SortedSet<String> names = new TreeSet<>(byName.keySet());
        changing.get().forEach(handler -> names.add(handler.name()));
        return names.isEmpty() ? "none is installed" : String.join(", ", names);
    }
}
