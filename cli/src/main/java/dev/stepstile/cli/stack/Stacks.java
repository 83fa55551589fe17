package dev.stepstile.cli.stack;

import dev.stepstile.functions.step.InstalledHandlers;
import dev.stepstile.local.Faults;
import dev.stepstile.local.StackOptions;
import dev.stepstile.local.UserHandlers;
import dev.stepstile.usecase.Timing;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The stacks that the commands start. */
public final class Stacks {
    private static final Duration SHORT_LEASE = Duration.ofSeconds(3);

    private static final Duration SHORT_MARGIN = Duration.ofSeconds(1);
    private static final Duration SHORT_SWEEP = Duration.ofSeconds(1);

    private static final Duration DISPATCH_TIMEOUT = Duration.ofSeconds(30);
    /** A read of the record for each running step: cheap on one machine. */
    private static final Duration CANCEL_CHECK = Duration.ofSeconds(1);

    private static final Timing SHORT_TIMES = Timing.of(SHORT_LEASE, SHORT_MARGIN, SHORT_SWEEP, DISPATCH_TIMEOUT);

    private static final Duration LEASE = Duration.ofSeconds(60);

    private Stacks() {}

    /** Where state, logs and reports are kept. */
    public static Path home() {
        String home = System.getenv("STEPSTILE_HOME");
        return Path.of(home == null || home.isEmpty() ? ".stepstile" : home)
                .toAbsolutePath()
                .normalize();
    }

    /** For work that is not made to fail. */
    public static StackOptions steady(boolean aws, boolean isolated, Path folder) {
        return steady(aws, isolated, folder, false, 0, isolated ? 2 : 4, LEASE);
    }

    /** A stack that stays, and keeps its state. */
    public static StackOptions staying(boolean aws, Path folder, int port, int workers, Duration lease) {
        return steady(aws, false, folder, true, port, workers, lease);
    }

    /** Margin and sweeps are a fifth of the lease, within 1 and 5 seconds. */
    private static StackOptions steady(
            boolean aws, boolean isolated, Path folder, boolean keep, int port, int workers, Duration lease) {
        Duration often = Duration.ofSeconds(Math.clamp(lease.toSeconds() / 5, 1, 5));
        return new StackOptions(
                aws ? StackOptions.Kind.AWS : StackOptions.Kind.EMBEDDED,
                isolated,
                folder,
                keep,
                port,
                workers,
                Timing.of(lease, often, often, DISPATCH_TIMEOUT).withCancelCheck(CANCEL_CHECK),
                Duration.ofMinutes(90),
                Duration.ofMinutes(15),
                Faults.NONE,
                Set.of(),
                InstalledHandlers.onClassPath(),
                configuredProcessHandlers());
    }

    /** Short times, so that what is made to fail recovers while one watches. */
    public static StackOptions faulty(boolean aws, boolean isolated, Path folder, Faults faults, Set<String> poison) {
        return new StackOptions(
                aws ? StackOptions.Kind.AWS : StackOptions.Kind.EMBEDDED,
                isolated,
                folder,
                false,
                0,
                isolated ? 2 : 4,
                SHORT_TIMES,
                Duration.ofMinutes(2),
                Duration.ofMinutes(2), // steps that lost a worker run one after the other in their batch
                faults,
                poison,
                InstalledHandlers.onClassPath(),
                configuredProcessHandlers());
    }

    /** @param classPath as given; if null, what {@code STEPSTILE_CLASSPATH} says; null if neither says anything */
    public static @Nullable UserHandlers userHandlers(@Nullable String classPath) {
        String path = classPath == null ? System.getenv().getOrDefault("STEPSTILE_CLASSPATH", "") : classPath;
        if (classPath == null && path.isBlank()) {
            return null;
        }
        String options = System.getenv().getOrDefault("STEPSTILE_HANDLER_JAVA_OPTIONS", "");
        return new UserHandlers(
                path, options.isBlank() ? List.of() : List.of(options.strip().split("\\s+")));
    }

    /** As {@code STEPSTILE_HANDLERS} says; null if it does not. */
    private static @Nullable String configuredProcessHandlers() {
        return InstalledHandlers.configuration(System.getenv()).orElse(null);
    }
}
