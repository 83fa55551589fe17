package dev.stepstile.functions.step;

import dev.stepstile.api.StepHandler;
import dev.stepstile.protocol.Handlers;
import java.util.List;
import java.util.ServiceLoader;

/** The handlers on the class path, and in the layer that a deployment adds. */
public final class InstalledHandlers {
    private InstalledHandlers() {}

    /** Loads them by {@link ServiceLoader}. */
    public static Handlers load() {
        return load(InstalledHandlers.class.getClassLoader());
    }

    public static Handlers load(ClassLoader loader) {
        List<StepHandler> handlers = ServiceLoader.load(StepHandler.class, loader).stream()
                .map(ServiceLoader.Provider::get)
                .toList();
        return new Handlers(handlers);
    }
}
