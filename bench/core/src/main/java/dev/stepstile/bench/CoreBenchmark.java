package dev.stepstile.bench;

import com.sun.management.OperatingSystemMXBean;
import dev.stepstile.emulators.AwsUsage;
import dev.stepstile.local.StackOptions;
import dev.stepstile.stackfaults.FaultyStack;
import java.io.PrintStream;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.HdrHistogram.Histogram;

/**
 * What {@code ./stepstile bench core} measures: what a step costs and how long it waits, beside what the same operations
 * cost on the bare ports; how long a step of a killed worker takes to run again; and how long a stack takes to start.
 */
public final class CoreBenchmark {
    private static final int ONE_BY_ONE = 200;
    private static final int WAITING = 400;
    private static final long WAIT_MILLIS = 2_000;
    private static final int KILLS = 20;
    private static final int STARTS = 5;

    private final Path folder;
    private final int steps;
    private final int rounds;
    private final Figures figures;

    /**
     * @param out where the figures are printed
     * @param folder where the stacks keep their state; what is in it is deleted
     * @param steps of one dispatch
     * @param rounds whose medians are printed
     */
    public CoreBenchmark(PrintStream out, Path folder, int steps, int rounds) {
        this.folder = folder;
        this.steps = steps;
        this.rounds = rounds;
        this.figures = new Figures(out);
    }

    /** This machine, in a line. */
    public static String machine() {
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

    /** One measured round. */
    private record Round(DispatchBench.Burst burst, double barePerSecond, Optional<AwsUsage.Usage> used) {
        double share() {
            return 100 * burst.perSecond() / barePerSecond;
        }
    }

    /** Steps in one dispatch, in each round beside the bare ports; then one by one. */
    public void throughput(StackOptions.Kind kind) throws Exception {
        DispatchBench.Noop noop = new DispatchBench.Noop();
        figures.heading(
                kind + ": " + steps + " no-op steps in one dispatch, " + rounds + " rounds after a warm-up round");
        try (FaultyStack stack = FaultyStack.start(BenchStacks.deployed(kind, folder, noop));
                DispatchBench bench = new DispatchBench(stack.stack(), noop)) {
            BarePorts bare = new BarePorts(stack.stack().ports(), BenchStacks.WORKERS);
            bench.burst("warm-up", steps, 0);
            stack.withoutWorkers(() -> bare.seconds("bare-warm-up", steps, 0));
            List<Round> measured = new ArrayList<>();
            for (int number = 1; number <= rounds; number++) {
                Round round = round(stack, bench, bare, Integer.toString(number), steps, 0);
                measured.add(round);
                figures.print(
                        "round " + number,
                        "%.0f steps/s, bare ports %.0f/s: %.0f %%",
                        round.burst().perSecond(),
                        round.barePerSecond(),
                        round.share());
            }
            medians(measured);
            Histogram alone = bench.oneByOne("alone", ONE_BY_ONE);
            figures.print(
                    "dispatch to user code, one by one",
                    "p50 %.1f ms, p99 %.1f ms (%d)",
                    Figures.millis(alone, 50),
                    Figures.millis(alone, 99),
                    ONE_BY_ONE);
            waiting(stack, bench, bare);
        }
    }

    /** Steps that take their time: heartbeats run beside them. */
    private void waiting(FaultyStack stack, DispatchBench bench, BarePorts bare) throws Exception {
        int few = Math.min(steps, WAITING);
        figures.heading(few + " steps of " + WAIT_MILLIS / 1000 + " s in one dispatch, 3 rounds");
        List<Round> measured = new ArrayList<>();
        for (int number = 1; number <= 3; number++) {
            measured.add(round(stack, bench, bare, "waiting-" + number, few, WAIT_MILLIS));
        }
        figures.print(
                "steps",
                "%.1f/s",
                Figures.median(measured, round -> round.burst().perSecond()));
        figures.print("share of the bare ports", "%.0f %%", Figures.median(measured, Round::share));
        figures.print(
                "CPU of this JVM",
                "%.2f ms a step",
                Figures.median(measured, round -> round.burst().cpuMillis()));
    }

    private static Round round(
            FaultyStack stack, DispatchBench bench, BarePorts bare, String name, int steps, long millis)
            throws Exception {
        double barePerSecond = stack.withoutWorkers(() -> steps / bare.seconds("bare-" + name, steps, millis));
        Optional<AwsUsage.Usage> before = stack.stack().usage().map(AwsUsage::soFar);
        DispatchBench.Burst burst = bench.burst("burst-" + name, steps, millis);
        return new Round(
                burst,
                barePerSecond,
                before.map(
                        earlier -> stack.stack().usage().orElseThrow().soFar().since(earlier)));
    }

    private void medians(List<Round> measured) {
        figures.print(
                "steps",
                "%.0f/s",
                Figures.median(measured, round -> round.burst().perSecond()));
        figures.print("bare ports", "%.0f/s", Figures.median(measured, Round::barePerSecond));
        figures.print("share of the bare ports", "%.0f %%", Figures.median(measured, Round::share));
        List<DispatchBench.Burst> bursts = measured.stream().map(Round::burst).toList();
        figures.print(
                "dispatch call accepted in", "%.2f s", Figures.median(bursts, DispatchBench.Burst::acceptedSeconds));
        figures.print("CPU of this JVM", "%.2f ms a step", Figures.median(bursts, DispatchBench.Burst::cpuMillis));
        figures.print("peak heap", "%.0f MB", Figures.median(bursts, burst -> burst.heapBytes() / 1e6));
        List<AwsUsage.Usage> used =
                measured.stream().flatMap(round -> round.used().stream()).toList();
        if (!used.isEmpty()) {
            figures.print("write units", "%.2f a step", Figures.median(used, usage -> usage.allWriteUnits() / steps));
            figures.print(
                    "SQS requests",
                    "%.2f a step",
                    Figures.median(used, usage -> (double) usage.requestsOf("Sqs") / steps));
        }
        figures.print(
                "dispatch to user code, in the burst",
                "p50 %.0f ms, p99 %.0f ms",
                Figures.median(bursts, burst -> Figures.millis(burst.toUserCode(), 50)),
                Figures.median(bursts, burst -> Figures.millis(burst.toUserCode(), 99)));
    }

    /** From a worker's death until its step runs again. */
    public void recovery(StackOptions.Kind kind) throws Exception {
        RecoveryBench.Hang hang = new RecoveryBench.Hang();
        try (FaultyStack stack = FaultyStack.start(BenchStacks.recovering(kind, folder, hang));
                RecoveryBench bench = new RecoveryBench(stack, hang)) {
            Histogram recovered = bench.kill(KILLS);
            figures.print(
                    "worker killed to step running again",
                    "p50 %.2f s, max %.2f s (%d kills; lease + margin + two sweeps is %d s)",
                    Figures.millis(recovered, 50) / 1000,
                    recovered.getMaxValue() / 1e6,
                    KILLS,
                    BenchStacks.RECOVERY_BOUND.toSeconds());
        }
    }

    /** From the call of the launcher until the stack answers. */
    public void start() throws Exception {
        figures.heading("./stepstile local, already built");
        double[] seconds = new double[STARTS];
        for (int i = 0; i < STARTS; i++) {
            seconds[i] = StartBench.secondsToAnswer(folder.resolve("start"));
        }
        figures.print(
                "call to first answer",
                "median %.2f s, max %.2f s (%d)",
                Figures.median(seconds),
                Arrays.stream(seconds).max().orElse(0),
                STARTS);
    }
}
