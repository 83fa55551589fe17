package dev.stepstile.functions.step;

import dev.stepstile.api.StepHandler;
import dev.stepstile.process.ProcessHandlers;
import dev.stepstile.usecase.Handlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.ServiceLoader;

/**
 * The handlers on the class path and in the layer that a deployment adds, found by {@link ServiceLoader}; and process
 * handlers, as configured.
 */
public final class InstalledHandlers {
    /** The environment variable with the configuration of process handlers: the JSON itself, or its file's path. */
    public static final String CONFIGURATION = "STEPSTILE_HANDLERS";

    /** The configuration's file in the folder of a function's code, as in a container image. */
    private static final String BESIDE_THE_CODE = "stepstile-handlers.json";

    private InstalledHandlers() {}

    public static Handlers load() {
        return new Handlers(loadAll());
    }

    /** Those on the class path, and those that this process's environment configures; their processes stay. */
    public static List<StepHandler> loadAll() {
        List<StepHandler> all = new ArrayList<>(onClassPath());
        configuration(System.getenv()).ifPresent(document -> {
            ProcessHandlers.check(document, all);
            all.addAll(ProcessHandlers.open(document).handlers());
        });
        return all;
    }

    public static List<StepHandler> onClassPath() {
        return ServiceLoader.load(StepHandler.class, InstalledHandlers.class.getClassLoader()).stream()
                .map(ServiceLoader.Provider::get)
                .toList();
    }

    /** The configuration of process handlers, for {@link ProcessHandlers#open}. */
    public static Optional<String> configuration(Map<String, String> environment) {
        String document = environment.getOrDefault(CONFIGURATION, "");
        if (!document.isBlank()) {
            return Optional.of(document);
        }
        String code = environment.getOrDefault("LAMBDA_TASK_ROOT", "");
        return code.isEmpty()
                ? Optional.empty()
                : Optional.of(Path.of(code, BESIDE_THE_CODE))
                        .filter(Files::isRegularFile)
                        .map(Path::toString);
    }
}
