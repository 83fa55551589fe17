package dev.stepstile.client;

import dev.stepstile.functions.step.InstalledHandlers;
import dev.stepstile.local.Faults;
import dev.stepstile.local.LocalStack;
import dev.stepstile.local.StackOptions;
import dev.stepstile.usecase.Timing;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Set;

/** The four functions on this machine, behind an HTTP API of their own. */
final class EmbeddedStack {
    private EmbeddedStack() {}

    static LocalStack start(Path folder) {
        Duration second = Duration.ofSeconds(1);
        return LocalStack.start(new StackOptions(
                StackOptions.Kind.EMBEDDED,
                false,
                folder,
                true,
                0,
                2,
                Timing.of(Duration.ofSeconds(5), second, second, Duration.ofSeconds(30))
                        .withCancelCheck(second),
                Duration.ofMinutes(2),
                Duration.ofMinutes(2),
                Faults.NONE,
                Set.of(),
                InstalledHandlers.onClassPath(),
                null));
    }
}
