package dev.stepstile.functions.step;

import dev.stepstile.api.StepHandler;
import dev.stepstile.protocol.Handlers;
import java.util.List;
import java.util.ServiceLoader;

/** The handlers on the class path, and in the layer that a deployment adds; found by {@link ServiceLoader}. */
public final class InstalledHandlers {
    private InstalledHandlers() {}

    public static Handlers load() {
        return new Handlers(loadAll());
    }

    public static List<StepHandler> loadAll() {
        return ServiceLoader.load(StepHandler.class, InstalledHandlers.class.getClassLoader()).stream()
                .map(ServiceLoader.Provider::get)
                .toList();
    }
}
