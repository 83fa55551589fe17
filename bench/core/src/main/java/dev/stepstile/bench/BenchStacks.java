package dev.stepstile.bench;

import dev.stepstile.api.StepHandler;
import dev.stepstile.local.Faults;
import dev.stepstile.local.StackOptions;
import dev.stepstile.usecase.Timing;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Set;

/** The stacks that are measured. */
final class BenchStacks {
    /** How many batches of ten run at once. */
    static final int WORKERS = 4;

    private static final Duration DISPATCH_TIMEOUT = Duration.ofSeconds(30);
    private static final Timing DEPLOYED =
            Timing.of(Duration.ofSeconds(60), Duration.ofSeconds(5), Duration.ofSeconds(60), DISPATCH_TIMEOUT);
    private static final Duration SHORT_LEASE = Duration.ofSeconds(3);
    private static final Duration SHORT_MARGIN = Duration.ofSeconds(1);
    private static final Duration SHORT_SWEEP = Duration.ofSeconds(1);

    /** Within this time of a worker's death, its steps run again on the stack of {@link #recovering}. */
    static final Duration RECOVERY_BOUND = SHORT_LEASE.plus(SHORT_MARGIN).plus(SHORT_SWEEP.multipliedBy(2));

    private BenchStacks() {}

    /** With the times that a deployment has by default. */
    static StackOptions deployed(StackOptions.Kind kind, Path folder, StepHandler handler) {
        return options(kind, folder, DEPLOYED, handler);
    }

    /** With a short lease and frequent sweeps. */
    static StackOptions recovering(StackOptions.Kind kind, Path folder, StepHandler handler) {
        return options(kind, folder, Timing.of(SHORT_LEASE, SHORT_MARGIN, SHORT_SWEEP, DISPATCH_TIMEOUT), handler);
    }

    private static StackOptions options(StackOptions.Kind kind, Path folder, Timing timing, StepHandler handler) {
        return new StackOptions(
                kind,
                false,
                folder,
                false,
                0,
                WORKERS,
                timing,
                Duration.ofMinutes(90),
                Duration.ofMinutes(15),
                Faults.NONE,
                Set.of(),
                List.of(handler),
                null);
    }
}
