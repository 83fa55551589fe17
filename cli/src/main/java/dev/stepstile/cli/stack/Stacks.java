package dev.stepstile.cli.stack;

import dev.stepstile.functions.step.InstalledHandlers;
import dev.stepstile.local.StackOptions;
import dev.stepstile.local.handlers.UserHandlers;
import dev.stepstile.usecase.Timing;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The stacks that the commands start. */
public final class Stacks {
    private static final Duration DISPATCH_TIMEOUT = Duration.ofSeconds(30);

    private Stacks() {}

    /** The folder of state, logs and reports. */
    public static Path home() {
        String home = System.getenv("STEPSTILE_HOME");
        return Path.of(home == null || home.isEmpty() ? ".stepstile" : home)
                .toAbsolutePath()
                .normalize();
    }

    private static StackOptions.Kind kind(boolean aws, boolean isolated) {
        return isolated ? StackOptions.Kind.ISOLATED : aws ? StackOptions.Kind.AWS : StackOptions.Kind.EMBEDDED;
    }

    private static int workers(boolean isolated) {
        return isolated ? 2 : 4;
    }

    /** A stack for one run without faults. */
    public static StackOptions steady(boolean aws, boolean isolated, Path folder) {
        return StackOptions.of(kind(aws, isolated), folder)
                .withoutEarlierState()
                .withWorkers(workers(isolated))
                .withTimes(times(Timing.DEFAULT.lease()))
                .withProcessHandlers(configuredProcessHandlers());
    }

    /** A stack that keeps its state. */
    public static StackOptions staying(
            boolean aws, boolean isolated, Path folder, int port, int workers, Duration lease) {
        return StackOptions.of(kind(aws, isolated), folder)
                .withPort(port)
                .withWorkers(workers)
                .withTimes(times(lease))
                .withProcessHandlers(configuredProcessHandlers());
    }

    /** The margin and the sweep interval are a fifth of the lease, but 1 second at least and 5 at most. */
    private static StackOptions.Times times(Duration lease) {
        Duration often = Duration.ofSeconds(Math.clamp(lease.toSeconds() / 5, 1, 5));
        Timing timing = Timing.of(lease, often, often, DISPATCH_TIMEOUT);
        return new StackOptions.Times(timing, Duration.ofMinutes(90), Duration.ofMinutes(15));
    }

    /** A stack with short times, so that steps recover from faults within seconds. */
    public static StackOptions faulty(boolean aws, boolean isolated, Path folder) {
        return StackOptions.of(kind(aws, isolated), folder)
                .withoutEarlierState()
                .withWorkers(workers(isolated))
                .withProcessHandlers(configuredProcessHandlers());
    }

    /** @param classPath if null, that in {@code STEPSTILE_CLASSPATH}; if that is missing too, there are no user handlers */
    public static @Nullable UserHandlers userHandlers(@Nullable String classPath) {
        String path = classPath == null ? System.getenv().getOrDefault("STEPSTILE_CLASSPATH", "") : classPath;
        if (classPath == null && path.isBlank()) {
            return null;
        }
        String options = System.getenv().getOrDefault("STEPSTILE_HANDLER_JAVA_OPTIONS", "");
        return new UserHandlers(
                path, options.isBlank() ? List.of() : List.of(options.strip().split("\\s+")));
    }

    /** The value of {@code STEPSTILE_HANDLERS}; null if it is not set. */
    private static @Nullable String configuredProcessHandlers() {
        return InstalledHandlers.configuration(System.getenv()).orElse(null);
    }
}
