package dev.stepstile.cli.bench;

import dev.stepstile.bench.cost.CostBenchmark;
import dev.stepstile.cli.console.Launcher;
import dev.stepstile.cli.plan.PlanDocuments;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code bench cost}. */
@Command(
        name = "cost",
        description =
                "Counts what a step consumes of DynamoDB and SQS, by its cause: the production adapters on virtual time,"
                        + " over simulated services, at 500 steps at once.",
        mixinStandardHelpOptions = true)
final class CostCommand implements Callable<Integer> {
    @Option(
            names = "--steps",
            paramLabel = "N",
            description = "Number of steps of each duration. Default: ${DEFAULT-VALUE}.")
    private int steps = 2_000;

    @Option(
            names = "--open",
            paramLabel = "N",
            description = "Instead, counts what one sweep reads while so many steps are open and nothing is wrong.")
    private @Nullable Integer open;

    @Option(
            names = "--console",
            description = "Instead, counts what a minute of each view of the web console consumes on AWS.")
    private boolean console;

    @Option(
            names = "--write",
            description =
                    "Also writes the tables and plans of docs/cost.md and README.md, of the checkout that ./stepstile is"
                            + " in.")
    private boolean write;

    @Spec
    private @Nullable CommandSpec spec;

    @Override
    public Integer call() throws IOException {
        if (steps < 1 || (open != null && open < 1)) {
            throw new ParameterException(
                    Objects.requireNonNull(spec).commandLine(), "--steps and --open must be 1 or more.");
        }
        CostBenchmark benchmark = new CostBenchmark(System.out);
        if (console) {
            System.out.println(benchmark.console());
        } else if (open != null) {
            benchmark.sweep(open);
        } else if (write) {
            Path checkout = Launcher.ofThisProcess().checkout("--write");
            benchmark.write(steps, checkout);
            PlanDocuments.write(checkout);
        } else {
            benchmark.steps(steps);
        }
        return 0;
    }
}
