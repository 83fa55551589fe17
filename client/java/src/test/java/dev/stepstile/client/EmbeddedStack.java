package dev.stepstile.client;

import dev.stepstile.local.LocalStack;
import dev.stepstile.local.StackOptions;
import dev.stepstile.usecase.Timing;
import java.nio.file.Path;
import java.time.Duration;

/** The four functions on this machine, behind an HTTP API of their own. */
final class EmbeddedStack {
    private EmbeddedStack() {}

    static LocalStack start(Path folder) {
        Duration second = Duration.ofSeconds(1);
        Timing timing = Timing.of(Duration.ofSeconds(5), second, second, Duration.ofSeconds(30));
        return LocalStack.start(StackOptions.of(StackOptions.Kind.EMBEDDED, folder)
                .withTimes(new StackOptions.Times(timing, Duration.ofMinutes(2), Duration.ofMinutes(2))));
    }
}
