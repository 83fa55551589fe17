package dev.stepstile.cli;

import dev.stepstile.local.LocalStack;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.HdrHistogram.Histogram;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Benchmarks. */
@Command(
        name = "bench",
        description = "Measures, on this machine.",
        mixinStandardHelpOptions = true,
        synopsisSubcommandLabel = "WHAT",
        subcommands = BenchCommand.Core.class)
final class BenchCommand {

    /** Which stacks. */
    enum Stack {
        EMBEDDED,
        AWS
    }

    @Command(
            name = "core",
            description = "No-op steps through dispatch, queue, claim, completion and feed, beside the bare ports.",
            mixinStandardHelpOptions = true)
    static final class Core implements Callable<Integer> {
        @Option(names = "--stack", description = "${COMPLETION-CANDIDATES}; default: both.")
        private List<Stack> stacks = List.of(Stack.EMBEDDED, Stack.AWS);

        @Option(names = "--steps", description = "Of one run. Default: ${DEFAULT-VALUE}.")
        private int steps = 10_000;

        @Option(names = "--rounds", description = "Medians are of this many. Default: ${DEFAULT-VALUE}.")
        private int rounds = 3;

        private final PrintStream out = System.out;

        @Override
        public Integer call() throws Exception {
            for (Stack stack : stacks) {
                core(stack);
            }
            return 0;
        }

        private void core(Stack kind) throws Exception {
            CoreBench.Noop noop = new CoreBench.Noop();
            Path folder = Stacks.home().resolve("bench");
            try (LocalStack stack = LocalStack.start(Stacks.bench(kind == Stack.AWS, folder, List.of(noop)))) {
                CoreBench bench = new CoreBench(stack, noop);
                BarePorts bare = new BarePorts(stack.ports(), 4);
                bench.burst("warm-up", steps);
                stack.withoutWorkers(() -> bare.seconds("bare-warm-up", steps));
                List<CoreBench.Burst> bursts = new ArrayList<>();
                List<Double> ceilings = new ArrayList<>();
                for (int round = 0; round < rounds; round++) {
                    String number = Integer.toString(round);
                    ceilings.add(stack.withoutWorkers(() -> steps / bare.seconds("bare-" + number, steps)));
                    bursts.add(bench.burst("burst-" + number, steps));
                    CoreBench.Burst b = bursts.getLast();
                    out.printf(
                            Locale.ROOT,
                            "%s round %d: %.0f/s of %.0f/s bare; accepted %.2f s; cpu %.2f ms; heap %d MB; to user code %s%n",
                            kind,
                            round,
                            b.perSecond(),
                            ceilings.getLast(),
                            b.acceptedSeconds(),
                            b.cpuMillis(),
                            b.heapBytes() >> 20,
                            quantiles(b.toUserCode()));
                }
                Histogram one = bench.oneByOne("one", 200);
                out.println("one by one " + quantiles(one));
            }
        }

        private static String quantiles(Histogram micros) {
            return String.format(
                    Locale.ROOT,
                    "p50 %.1f ms, p99 %.1f ms",
                    micros.getValueAtPercentile(50) / 1e3,
                    micros.getValueAtPercentile(99) / 1e3);
        }
    }
}
