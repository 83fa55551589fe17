package dev.stepstile.cli.bench;

import dev.stepstile.bench.cost.CostBenchmark;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code bench recovery}. */
@Command(
        name = "recovery",
        description =
                "Measures how long a step waits whose worker dies, with default settings: the production adapters on"
                        + " virtual time, over simulated services.",
        mixinStandardHelpOptions = true)
final class RecoveryCommand implements Callable<Integer> {
    @Option(
            names = "--deaths",
            paramLabel = "N",
            description =
                    "Number of workers that die, while others run and while none does. Default: ${DEFAULT-VALUE}.")
    private int deaths = 500;

    @Spec
    private @Nullable CommandSpec spec;

    @Override
    public Integer call() {
        if (deaths < 1) {
            throw new ParameterException(Objects.requireNonNull(spec).commandLine(), "--deaths must be 1 or more.");
        }
        new CostBenchmark(System.out).recovery(deaths);
        return 0;
    }
}
