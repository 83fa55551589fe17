package dev.stepstile.client;

import dev.stepstile.api.StepContext;
import dev.stepstile.api.StepHandler;
import dev.stepstile.api.StepInput;
import dev.stepstile.api.StepResult;
import dev.stepstile.handlers.Echo;
import dev.stepstile.handlers.Sleep;
import dev.stepstile.local.LocalStack;
import dev.stepstile.local.StackOptions;
import dev.stepstile.usecase.Timing;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/** The four functions on this machine, behind an HTTP API of their own. */
final class EmbeddedStack {
    private EmbeddedStack() {}

    /** Says something, and ends after so many seconds. */
    private static final class Talkative implements StepHandler {
        @Override
        public String name() {
            return "talkative";
        }

        @Override
        public StepResult run(StepInput input, StepContext context) throws InterruptedException {
            context.progress(0.5, "half");
            context.log("said");
            return new Sleep().run(input, context);
        }
    }

    static LocalStack start(Path folder) {
        return start(folder, StackOptions.Kind.EMBEDDED);
    }

    static LocalStack start(Path folder, StackOptions.Kind kind) {
        Duration second = Duration.ofSeconds(1);
        Timing timing = Timing.of(Duration.ofSeconds(5), second, second, Duration.ofSeconds(30));
        return LocalStack.start(StackOptions.of(kind, folder)
                .withoutEarlierState()
                .withHandlers(List.of(new Echo(), new Sleep(), new Talkative()))
                .withTimes(new StackOptions.Times(timing, Duration.ofMinutes(2), Duration.ofMinutes(2))));
    }
}
