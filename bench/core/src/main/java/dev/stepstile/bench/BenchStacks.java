package dev.stepstile.bench;

import dev.stepstile.api.StepHandler;
import dev.stepstile.local.StackOptions;
import dev.stepstile.usecase.Timing;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/** The stacks that are measured. */
final class BenchStacks {
    /** How many batches of ten run at once. */
    static final int WORKERS = 4;

    private static final Timing DEPLOYED =
            Timing.of(Duration.ofSeconds(60), Duration.ofSeconds(5), Duration.ofSeconds(60), Duration.ofSeconds(30));
    private static final Timing SHORT = StackOptions.Times.SHORT.timing();

    /** Within this time of a worker's death, its steps run again on the stack of {@link #recovering}. */
    static final Duration RECOVERY_BOUND =
            SHORT.lease().plus(SHORT.margin()).plus(SHORT.sweepEvery().multipliedBy(2));

    private BenchStacks() {}

    /** With the times that a deployment has by default. */
    static StackOptions deployed(StackOptions.Kind kind, Path folder, StepHandler handler) {
        return options(kind, folder, DEPLOYED, handler);
    }

    /** With a short lease and frequent sweeps. */
    static StackOptions recovering(StackOptions.Kind kind, Path folder, StepHandler handler) {
        return options(kind, folder, SHORT, handler);
    }

    private static StackOptions options(StackOptions.Kind kind, Path folder, Timing timing, StepHandler handler) {
        return StackOptions.of(kind, folder)
                .withoutEarlierState()
                .withWorkers(WORKERS)
                .withTimes(new StackOptions.Times(timing, Duration.ofMinutes(90), Duration.ofMinutes(15)))
                .withHandlers(List.of(handler));
    }
}
