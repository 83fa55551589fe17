package dev.stepstile.cli.bench;

import dev.stepstile.bench.CoreBenchmark;
import dev.stepstile.cli.stack.LogFile;
import dev.stepstile.cli.stack.Stacks;
import dev.stepstile.local.StackOptions;
import dev.stepstile.step.Limits;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code ./stepstile bench}. */
@Command(
        name = "bench",
        description = "Runs a benchmark on this machine.",
        mixinStandardHelpOptions = true,
        synopsisSubcommandLabel = "BENCHMARK",
        subcommands = {
            BenchCommand.Core.class,
            CostCommand.class,
            FunctionsCommand.class,
            RecoveryCommand.class,
            DagsterBench.class
        })
public final class BenchCommand {

    /** The stacks that can be measured: their handlers run in this JVM. */
    enum Stack {
        EMBEDDED,
        AWS
    }

    /** {@code bench core}. */
    @Command(
            name = "core",
            description =
                    "Measures steps of 0 and 2 s from dispatch to feed, beside the same operations on the bare ports;"
                            + " then recovery from killed workers, and start-up.",
            mixinStandardHelpOptions = true)
    static final class Core implements Callable<Integer> {
        @Option(
                names = "--stack",
                paramLabel = "STACK",
                description = "The stack: ${COMPLETION-CANDIDATES}. Default: both.")
        private List<Stack> stacks = List.of(Stack.values());

        @Option(
                names = "--steps",
                paramLabel = "N",
                description = "Number of steps in each round. Default: ${DEFAULT-VALUE}.")
        private int steps = 10_000;

        @Option(
                names = "--rounds",
                paramLabel = "N",
                description = "Number of rounds; their medians are printed. Default: ${DEFAULT-VALUE}.")
        private int rounds = 5;

        @Spec
        private @Nullable CommandSpec spec;

        @Override
        public Integer call() throws Exception {
            if (steps < 1 || steps > Limits.STEPS_PER_DISPATCH || rounds < 1) {
                throw new ParameterException(
                        Objects.requireNonNull(spec).commandLine(),
                        "--steps must be 1 to " + Limits.STEPS_PER_DISPATCH + ", and --rounds 1 or more.");
            }
            LogFile.in(Stacks.home());
            System.out.println("Machine    " + CoreBenchmark.machine());
            CoreBenchmark benchmark =
                    new CoreBenchmark(System.out, Stacks.home().resolve("bench"), steps, rounds);
            for (Stack stack : stacks) {
                StackOptions.Kind kind = StackOptions.Kind.valueOf(stack.name());
                benchmark.throughput(kind);
                benchmark.recovery(kind);
            }
            if (stacks.contains(Stack.EMBEDDED)) {
                benchmark.start();
            }
            return 0;
        }
    }
}
