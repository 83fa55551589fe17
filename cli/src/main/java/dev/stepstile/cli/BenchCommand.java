package dev.stepstile.cli;

import com.sun.management.OperatingSystemMXBean;
import dev.stepstile.emulators.AwsUsage;
import dev.stepstile.local.LocalStack;
import dev.stepstile.step.Limits;
import java.io.PrintStream;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.function.ToDoubleFunction;
import org.HdrHistogram.Histogram;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Benchmarks. */
@Command(
        name = "bench",
        description = "Measures, on this machine.",
        mixinStandardHelpOptions = true,
        synopsisSubcommandLabel = "WHAT",
        subcommands = {BenchCommand.Core.class, PythonScript.Bench.class})
final class BenchCommand {

    /** Which stack. */
    enum Stack {
        EMBEDDED,
        AWS
    }

    /** The core: what a step costs, beside what its bare operations cost. */
    @Command(
            name = "core",
            description = "No-op steps through dispatch, queue, claim, completion and feed, beside the bare ports.",
            mixinStandardHelpOptions = true)
    static final class Core implements Callable<Integer> {
        private static final int ONE_BY_ONE = 200;
        private static final int KILLS = 20;
        private static final int STARTS = 5;

        @Option(names = "--stack", description = "${COMPLETION-CANDIDATES}; both if not said.")
        private List<Stack> stacks = List.of(Stack.values());

        @Option(names = "--steps", description = "Of one run. Default: ${DEFAULT-VALUE}.")
        private int steps = 10_000;

        @Option(names = "--rounds", description = "Of which the medians are told. Default: ${DEFAULT-VALUE}.")
        private int rounds = 5;

        @Spec
        private @Nullable CommandSpec spec;

        private final PrintStream out = System.out;

        @Override
        public Integer call() throws Exception {
            if (steps < 1 || steps > Limits.STEPS_PER_DISPATCH || rounds < 1) {
                throw new ParameterException(
                        Objects.requireNonNull(spec).commandLine(),
                        "--steps is 1 to " + Limits.STEPS_PER_DISPATCH + ", and --rounds 1 or more.");
            }
            Logs.in(Stacks.home());
            out.println("Machine    " + machine());
            for (Stack stack : stacks) {
                throughput(stack);
                recovery(stack);
            }
            if (stacks.contains(Stack.EMBEDDED)) {
                start();
            }
            return 0;
        }

        private void throughput(Stack kind) throws Exception {
            CoreBench.Noop noop = new CoreBench.Noop();
            heading(kind + ": " + steps + " no-op steps in one dispatch, " + rounds + " rounds after one to warm up");
            try (LocalStack stack = LocalStack.start(Stacks.bench(kind == Stack.AWS, folder(), List.of(noop)));
                    CoreBench bench = new CoreBench(stack, noop)) {
                BarePorts bare = new BarePorts(stack.ports(), Stacks.BENCH_WORKERS);
                bench.burst("warm-up", steps);
                stack.withoutWorkers(() -> bare.seconds("bare-warm-up", steps));
                List<CoreBench.Burst> bursts = new ArrayList<>();
                List<Double> ceilings = new ArrayList<>();
                List<AwsUsage.Usage> used = new ArrayList<>();
                for (int round = 1; round <= rounds; round++) {
                    String number = Integer.toString(round);
                    ceilings.add(stack.withoutWorkers(() -> steps / bare.seconds("bare-" + number, steps)));
                    Optional<AwsUsage.Usage> before = stack.usage().map(AwsUsage::soFar);
                    bursts.add(bench.burst("burst-" + number, steps));
                    before.ifPresent(earlier ->
                            used.add(stack.usage().orElseThrow().soFar().since(earlier)));
                    say(
                            "round " + round,
                            "%.0f steps/s, bare ports %.0f: %.0f %%",
                            bursts.getLast().perSecond(),
                            ceilings.getLast(),
                            100 * bursts.getLast().perSecond() / ceilings.getLast());
                }
                say("steps", "%.0f/s", median(bursts, CoreBench.Burst::perSecond));
                say("bare ports", "%.0f/s", median(ceilings, rate -> rate));
                double[] shares = new double[rounds];
                for (int i = 0; i < rounds; i++) {
                    shares[i] = 100 * bursts.get(i).perSecond() / ceilings.get(i);
                }
                say("share of the bare ports", "%.0f %%", median(shares));
                say("dispatch call accepted in", "%.2f s", median(bursts, CoreBench.Burst::acceptedSeconds));
                say("CPU of this JVM", "%.2f ms a step", median(bursts, CoreBench.Burst::cpuMillis));
                say("heap at most", "%.0f MB", median(bursts, burst -> burst.heapBytes() / 1e6));
                if (!used.isEmpty()) {
                    say("write units", "%.2f a step", median(used, usage -> usage.allWriteUnits() / steps));
                    say("SQS requests", "%.2f a step", median(used, usage -> (double) usage.requestsOf("Sqs") / steps));
                }
                say(
                        "dispatch to user code, in the burst",
                        "p50 %.0f ms, p99 %.0f ms",
                        median(bursts, burst -> millis(burst.toUserCode(), 50)),
                        median(bursts, burst -> millis(burst.toUserCode(), 99)));
                Histogram alone = bench.oneByOne("alone", ONE_BY_ONE);
                say(
                        "dispatch to user code, one by one",
                        "p50 %.1f ms, p99 %.1f ms (%d)",
                        millis(alone, 50),
                        millis(alone, 99),
                        ONE_BY_ONE);
            }
        }

        private void recovery(Stack kind) throws Exception {
            RecoveryBench.Hang hang = new RecoveryBench.Hang();
            Duration bound = Stacks.SHORT_LEASE.plus(Stacks.SHORT_MARGIN).plus(Stacks.SHORT_SWEEP.multipliedBy(2));
            try (LocalStack stack = LocalStack.start(Stacks.recovery(kind == Stack.AWS, folder(), List.of(hang)));
                    RecoveryBench bench = new RecoveryBench(stack, hang)) {
                Histogram recovered = bench.kill(KILLS);
                say(
                        "worker killed to step running again",
                        "p50 %.2f s, max %.2f s (%d kills; lease + margin + two sweeps is %d s)",
                        millis(recovered, 50) / 1000,
                        recovered.getMaxValue() / 1e6,
                        KILLS,
                        bound.toSeconds());
            }
        }

        private void start() throws Exception {
            heading("./stepstile local, already built");
            double[] seconds = new double[STARTS];
            for (int i = 0; i < STARTS; i++) {
                seconds[i] = StartBench.secondsToAnswer(folder().resolve("start"));
            }
            say(
                    "called to first answer",
                    "%.2f s, at most %.2f s (%d)",
                    median(seconds),
                    Arrays.stream(seconds).max().orElse(0),
                    STARTS);
        }

        private static Path folder() {
            return Stacks.home().resolve("bench");
        }

        private static String machine() {
            OperatingSystemMXBean system = ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class);
            return String.format(
                    Locale.ROOT,
                    "%d cores, %d GB, %s %s, Java %s, load %.1f at the start",
                    system.getAvailableProcessors(),
                    system.getTotalMemorySize() >> 30,
                    System.getProperty("os.name"),
                    System.getProperty("os.arch"),
                    System.getProperty("java.version"),
                    system.getSystemLoadAverage());
        }

        private void heading(String text) {
            out.println();
            out.println(text);
        }

        // Error Prone's annotation would be a run-time dependency of its own.
        @SuppressWarnings("AnnotateFormatMethod")
        private void say(String name, String format, Object... values) {
            out.printf(Locale.ROOT, "  %-38s %s%n", name, String.format(Locale.ROOT, format, values));
            out.flush();
        }

        private static double millis(Histogram micros, double percentile) {
            return micros.getValueAtPercentile(percentile) / 1e3;
        }

        private static <T> double median(List<T> values, ToDoubleFunction<T> figure) {
            return median(values.stream().mapToDouble(figure).toArray());
        }

        private static double median(double[] values) {
            double[] sorted = values.clone();
            Arrays.sort(sorted);
            int middle = sorted.length / 2;
            return sorted.length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
        }
    }
}
