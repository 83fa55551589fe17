package dev.stepstile.bench.cost;

import java.io.PrintStream;
import java.time.Duration;
import java.util.List;
import java.util.Locale;

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
        for (Duration step : STEPS) {
            long began = System.nanoTime();
            CostRun.Counted counted = new CostRun().run(step, steps);
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
    }

    private void print(String what, double reads, double writes) {
        out.printf(Locale.ROOT, "  %-42s %8.3f read units %8.3f write units%n", what, reads, writes);
    }

    /** One sweep over so many open steps. */
    public void sweep(int open) {
        CostRun.Swept swept = new CostRun().sweepOf(open);
        out.printf(
                Locale.ROOT,
                "A sweep with %d open steps: %.0f read units, %.0f write units, %d calls of S3; %.1f s here,"
                        + " %.1f s of virtual time%n",
                open,
                swept.counts().allReads(),
                swept.counts().allWrites(),
                swept.counts().objectCalls(),
                swept.seconds(),
                swept.took().toMillis() / 1000.0);
    }
}
