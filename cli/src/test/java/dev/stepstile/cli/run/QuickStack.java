package dev.stepstile.cli.run;

import dev.stepstile.local.LocalStack;
import dev.stepstile.local.StackOptions;
import dev.stepstile.usecase.Timing;
import java.time.Duration;

/** A stack in this JVM that sweeps each second, and notices a lost worker after seven. */
final class QuickStack {
    private static final Duration SECOND = Duration.ofSeconds(1);

    private QuickStack() {}

    static LocalStack start(StackOptions options) {
        Timing timing = Timing.of(Duration.ofSeconds(5), SECOND, SECOND, Duration.ofSeconds(30));
        return LocalStack.start(
                options.withTimes(new StackOptions.Times(timing, Duration.ofMinutes(2), Duration.ofMinutes(2))));
    }
}
