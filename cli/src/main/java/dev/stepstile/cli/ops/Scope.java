package dev.stepstile.cli.ops;

import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** What {@code pause} and {@code resume} are about: a run, a handler, or everything. */
final class Scope {
    @Parameters(paramLabel = "RUN", arity = "0..1", description = "This run.")
    private @Nullable String run;

    @Option(names = "--handler", paramLabel = "NAME", description = "The steps of this handler, in each run.")
    private @Nullable String handler;

    @Option(names = "--everything", description = "Each step of each run.")
    private boolean everything;

    @Nullable
    String run() {
        return run;
    }

    @Nullable
    String handler() {
        return handler;
    }

    /** Whether exactly one was named. */
    boolean isOne() {
        return (run == null ? 0 : 1) + (handler == null ? 0 : 1) + (everything ? 1 : 0) == 1;
    }

    String told() {
        return run != null ? "Run " + run : handler != null ? "Handler " + handler : "Everything";
    }
}
