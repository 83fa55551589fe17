package dev.stepstile.cli.plan;

import dev.stepstile.bench.plan.Architecture;
import dev.stepstile.bench.plan.Deployment;
import dev.stepstile.bench.plan.Plan;
import dev.stepstile.bench.plan.TemplateCounts;
import dev.stepstile.bench.plan.Workload;
import dev.stepstile.cli.console.Terminal;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;
import picocli.CommandLine.TypeConversionException;

/** {@code ./stepstile plan}. */
@Command(
        name = "plan",
        description =
                "Plans what steps cost on AWS, how long they take, and what they would cost elsewhere: runs 2,000 of"
                        + " them on virtual time, counts what they consume, and multiplies it by list prices. Nothing is called.",
        mixinStandardHelpOptions = true)
public final class PlanCommand implements Callable<Integer> {
    @Option(
            names = "--steps",
            paramLabel = "N",
            converter = Quantity.class,
            required = true,
            description = "Number of steps: 1000000, 1e6, 10k, 2.5M.")
    private BigDecimal steps = BigDecimal.ZERO;

    @Option(
            names = "--seconds",
            paramLabel = "S",
            converter = Quantity.class,
            required = true,
            description = "How long a step runs, 0 to 880. Of ten at once, the slowest counts.")
    private BigDecimal seconds = BigDecimal.ZERO;

    @Option(
            names = "--memory",
            paramLabel = "MB",
            description = "StepMemory: of an environment, which runs a whole batch at once. Default: ${DEFAULT-VALUE}.")
    private int memory = 2048;

    @Option(
            names = "--retries",
            paramLabel = "N",
            converter = Quantity.class,
            description = "Retries of a step on average; each runs as long. Default: ${DEFAULT-VALUE}.")
    private BigDecimal retries = BigDecimal.ZERO;

    @Option(
            names = "--batch",
            paramLabel = "N",
            description = "Steps in an invocation, 1 to 10; fewer than 10 if they arrive one by one. Default:"
                    + " ${DEFAULT-VALUE}.")
    private int batch = 10;

    @Option(
            names = "--architecture",
            paramLabel = "NAME",
            description = "${COMPLETION-CANDIDATES}. Default: ${DEFAULT-VALUE}.")
    private Architecture architecture = Architecture.ARM64;

    @Option(
            names = "--concurrency",
            paramLabel = "N",
            description = "StepConcurrency: step functions that run at once, 2 to 1000. Default: ${DEFAULT-VALUE}.")
    private int concurrency = 50;

    @Option(
            names = "--pollers",
            paramLabel = "N",
            description = "Pollers of provisioned mode, 2 to 200; each runs ten step functions at once. Default:"
                    + " ${DEFAULT-VALUE}.")
    private int pollers = 5;

    @Option(
            names = "--step-memory",
            paramLabel = "MB",
            description = "Memory of a function that runs one step at a time, elsewhere. Default: a batch's share of"
                    + " --memory, at least 128.")
    private @Nullable Integer stepMemory;

    @Option(names = "--json", description = "Print JSON.")
    private boolean json;

    @Option(names = "--brief", description = "Print the totals only.")
    private boolean brief;

    @Option(names = "--sources", description = "Also print where each price is from.")
    private boolean sources;

    @Spec
    private @Nullable CommandSpec spec;

    @Override
    public Integer call() {
        printed().forEach(Terminal.standard()::verbatim);
        return 0;
    }

    /** The lines that are printed. */
    List<String> printed() {
        Plan plan = plan();
        if (json) {
            return List.of(PlanJson.of(plan));
        }
        List<String> lines = new ArrayList<>(brief ? PlanText.brief(plan) : PlanText.of(plan));
        if (sources) {
            lines.addAll(PlanText.sources(plan));
        }
        return lines;
    }

    private Plan plan() {
        Workload workload;
        Deployment deployment;
        try {
            workload =
                    new Workload(Quantity.whole("--steps", steps), seconds.doubleValue(), retries.doubleValue(), batch);
            int alone = stepMemory == null ? Deployment.shareOf(memory, batch) : stepMemory;
            deployment = new Deployment(memory, architecture, concurrency, pollers, alone);
        } catch (IllegalArgumentException | TypeConversionException e) {
            throw new ParameterException(
                    Objects.requireNonNull(spec).commandLine(), Objects.requireNonNull(e.getMessage()));
        }
        return Plan.of(workload, deployment, Plan.Counted.of(workload), TemplateCounts.load());
    }
}
