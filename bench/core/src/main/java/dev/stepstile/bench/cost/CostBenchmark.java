package dev.stepstile.bench.cost;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.SortedMap;
import java.util.TreeMap;

/** What {@code ./stepstile bench cost} prints. */
public final class CostBenchmark {
    /** The durations that are counted. */
    static final List<Duration> STEPS = List.of(
            Duration.ZERO,
            Duration.ofSeconds(1),
            Duration.ofSeconds(2),
            Duration.ofSeconds(10),
            Duration.ofSeconds(60),
            Duration.ofSeconds(800));

    private final PrintStream out;

    public CostBenchmark(PrintStream out) {
        this.out = out;
    }

    /** So many steps of each duration. */
    public void steps(int steps) {
        count(steps);
    }

    /** As {@link #steps}, and writes the tables into the documents of a checkout. */
    public void write(int steps, Path checkout) throws IOException {
        CostTables tables = new CostTables(count(steps));
        Path page = checkout.resolve("docs/cost.md");
        CostDocuments.write(page, "units", tables.units());
        CostDocuments.write(page, "console", console());
        CostDocuments.write(checkout.resolve("README.md"), "dollars", tables.dollars());
        out.printf("%nWritten to docs/cost.md and README.md.%n");
    }

    private List<CostRun.Counted> count(int steps) {
        List<CostRun.Counted> all = new ArrayList<>();
        for (Duration step : STEPS) {
            long began = System.nanoTime();
            CostRun.Counted counted = new CostRun().run(step, steps);
            all.add(counted);
            out.printf(
                    Locale.ROOT,
                    "%n%d steps of %d s, %.1f min of virtual time, %.1f s here%n",
                    steps,
                    step.toSeconds(),
                    counted.took().toSeconds() / 60.0,
                    (System.nanoTime() - began) / 1e9);
            for (Cause cause : Cause.values()) {
                if (counted.reads(cause) + counted.writes(cause) > 0) {
                    print(cause.toString(), counted.reads(cause), counted.writes(cause));
                }
            }
            print("together", counted.reads(), counted.writes());
            out.printf(
                    Locale.ROOT,
                    "  %.3f requests of SQS %s, %.3f invocations, %d calls of S3%n",
                    counted.queueRequests(),
                    counted.counts().queueCalls(),
                    counted.invocations(),
                    counted.counts().objectCalls());
        }
        return all;
    }

    private void print(String what, double reads, double writes) {
        out.printf(Locale.ROOT, "  %-42s %8.3f read units %8.3f write units%n", what, reads, writes);
    }

    /** A minute of each view of the console, while few and while many steps run. */
    public String console() {
        SortedMap<Integer, List<ConsoleRun.Minute>> byRunning = new TreeMap<>();
        for (int running : new int[] {10, 500}) {
            byRunning.put(running, new ConsoleRun().views(running));
        }
        return CostTables.console(byRunning);
    }

    /** One sweep over so many open steps. */
    public void sweep(int open) {
        CostRun.Swept swept = new CostRun().sweepOf(open);
        out.printf(
                Locale.ROOT,
                "A sweep with %d open steps, in %.1f s (%.1f s of virtual time):%n"
                        + "  %.0f read units, %.0f write units, %d calls of S3%n",
                open,
                swept.seconds(),
                swept.took().toMillis() / 1000.0,
                swept.counts().allReads(),
                swept.counts().allWrites(),
                swept.counts().objectCalls());
    }

    /** So many workers' deaths while many others run, while few do, and while none does. */
    public void recovery(int deaths) {
        out.printf("A worker's death to its step running again, %d deaths each:%n", deaths);
        for (int others : new int[] {40, 8, 0}) {
            RecoveryRun.Delays delays = new RecoveryRun().kill(deaths, others);
            out.printf(
                    Locale.ROOT,
                    "  %2d others alive  p50 %5.1f s  p99 %5.1f s  max %5.1f s%n",
                    others,
                    delays.seconds(50),
                    delays.seconds(99),
                    delays.seconds(100));
        }
    }
}
