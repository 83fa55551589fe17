package dev.stepstile.protocol;

import dev.stepstile.api.StepHandler;
import java.util.Collection;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/** The handlers that this worker has, by name. */
public final class Handlers {
    private final SortedMap<String, StepHandler> byName = new TreeMap<>();

    /** @throws IllegalArgumentException if two have the same name */
    public Handlers(Collection<? extends StepHandler> handlers) {
        for (StepHandler handler : handlers) {
            StepHandler other = byName.putIfAbsent(handler.name(), handler);
            if (other != null) {
                throw new IllegalArgumentException("two handlers are named '" + handler.name() + "': "
                        + other.getClass().getName() + " and "
                        + handler.getClass().getName() + "; rename one");
            }
        }
    }

    public Optional<StepHandler> find(String name) {
        return Optional.ofNullable(byName.get(name));
    }

    /** For a message to people: the names, or that there are none. */
    public String known() {
        return byName.isEmpty() ? "none is installed" : String.join(", ", byName.keySet());
    }
}
