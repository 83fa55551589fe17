package dev.stepstile.cli.simulate;

import com.sun.management.OperatingSystemMXBean;
import dev.stepstile.cli.console.Launcher;
import dev.stepstile.cli.console.Progress;
import dev.stepstile.simulation.Outcome;
import dev.stepstile.simulation.exploration.Replay;
import java.io.PrintStream;
import java.lang.management.ManagementFactory;
import java.lang.management.MemoryPoolMXBean;
import java.lang.management.MemoryType;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/** One simulated run: its progress while it is played, and its summary. */
final class SimulatedRun {
    private final PrintStream out;
    private final Replay replay;
    private double seconds;
    private double cpuSeconds;

    SimulatedRun(PrintStream out, Replay replay) {
        this.out = out;
        this.replay = replay;
    }

    /** Runs the simulation. */
    Outcome play(boolean traced) {
        out.printf("%s: %s%n", replay.scenario().name(), replay.scenario().what());
        Progress progress = new Progress(out, "steps", replay.steps());
        boolean large = replay.steps() > 1;
        long start = System.nanoTime();
        long cpuStart = cpuNanos();
        Outcome outcome = replay.play((traced ? replay.config().withTrace() : replay.config()).watchedBy(sample -> {
            if (large && !traced) {
                progress.at(Math.min(sample.steps().ended(), replay.steps() - 1));
            }
        }));
        if (large && !traced) {
            progress.at(replay.steps());
        }
        seconds = (System.nanoTime() - start) / 1e9;
        cpuSeconds = (cpuNanos() - cpuStart) / 1e9;
        return outcome;
    }

    private static long cpuNanos() {
        return ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class).getProcessCpuTime();
    }

    private static long peakHeap() {
        return ManagementFactory.getMemoryPoolMXBeans().stream()
                .filter(pool -> pool.getType() == MemoryType.HEAP)
                .map(MemoryPoolMXBean::getPeakUsage)
                .mapToLong(usage -> usage.getUsed())
                .sum();
    }

    double seconds() {
        return seconds;
    }

    void summarise(Outcome outcome) {
        out.println();
        figure(
                "steps",
                "%,d accepted: %s",
                outcome.progress().accepted(),
                outcome.progress().ends().entrySet().stream()
                        .map(end -> String.format(Locale.ROOT, "%,d %s", end.getValue(), end.getKey()))
                        .collect(Collectors.joining(", ")));
        figure(
                "virtual time",
                "%s, %,d port calls",
                shown(outcome.progress().took()),
                outcome.progress().portCalls());
        figure(
                "faults",
                "%s",
                outcome.faults().kinds().isEmpty()
                        ? "none"
                        : outcome.faults().kinds().entrySet().stream()
                                .map(each -> String.format(Locale.ROOT, "%,d x %s", each.getValue(), each.getKey()))
                                .collect(Collectors.joining(", ")));
        figure("recovery", "%s", recovery(outcome));
        figure(
                "simulated in",
                "%s (%.0f steps a second), %.0f s of processor time, heap at most %,d MB",
                Progress.time(seconds),
                outcome.progress().accepted() / seconds,
                cpuSeconds,
                peakHeap() >> 20);
        figure("trace", "%016x (the same on every machine)", outcome.record().hash());
        findings(outcome);
        out.flush();
    }

    private void findings(Outcome outcome) {
        if (outcome.violations().isEmpty()) {
            figure("auditor", "every guarantee held");
        } else {
            figure("auditor", "%d findings:", outcome.violations().size());
            outcome.violations().forEach(violation -> out.println("    " + violation));
            out.printf(
                    "%nTo replay it:%n  %s%n",
                    replay.command(Launcher.ofThisProcess().command()));
        }
    }

    private String recovery(Outcome outcome) {
        List<Duration> sorted = outcome.recoveries().stream().sorted().toList();
        if (sorted.isEmpty()) {
            return "no attempt was lost";
        }
        Duration bound = replay.config().cluster().recoveryBound();
        return String.format(
                Locale.ROOT,
                "%,d attempts lost; the next one began after p50 %s, p99 %s, max %s%s",
                sorted.size(),
                shown(sorted.get(sorted.size() / 2)),
                shown(sorted.get(sorted.size() * 99 / 100)),
                shown(sorted.getLast()),
                replay.config().bounded() ? "; the bound is " + shown(bound) : "; no bound, because sweeps fail too");
    }

    private static String shown(Duration time) {
        return time.toHours() > 0
                ? String.format(Locale.ROOT, "%d h %02d min", time.toHours(), time.toMinutesPart())
                : time.toMinutes() > 4
                        ? String.format(Locale.ROOT, "%d min %02d s", time.toMinutes(), time.toSecondsPart())
                        : String.format(Locale.ROOT, "%.1f s", time.toMillis() / 1_000.0);
    }

    // Error Prone's annotation would be a run-time dependency of its own.
    @SuppressWarnings("AnnotateFormatMethod")
    private void figure(String name, String format, Object... values) {
        out.printf(Locale.ROOT, "  %-18s %s%n", name, String.format(Locale.ROOT, format, values));
    }
}
