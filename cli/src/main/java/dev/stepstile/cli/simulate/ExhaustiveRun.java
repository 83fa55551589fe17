package dev.stepstile.cli.simulate;

import dev.stepstile.cli.console.Launcher;
import dev.stepstile.simulation.exploration.Exploration;
import dev.stepstile.simulation.scenarios.Scenarios;
import java.io.PrintStream;
import java.util.List;
import java.util.Locale;

/** Every fault at every port call of small scenarios. */
final class ExhaustiveRun {
    private final PrintStream out;
    private final List<Scenarios.Named> scenarios;
    private final long seed;
    private long executions;
    private int findings;

    ExhaustiveRun(PrintStream out, List<Scenarios.Named> scenarios, long seed) {
        this.out = out;
        this.scenarios = scenarios;
        this.seed = seed;
    }

    /** Whether every guarantee held in all of them. */
    boolean play() {
        for (Scenarios.Named scenario : scenarios) {
            out.printf("%s: %s%n", scenario.name(), scenario.what());
            print(new Exploration(scenario, seed).singles());
        }
        out.printf(
                Locale.ROOT,
                "%n%,d executions in all, %s%n",
                executions,
                findings == 0 ? "every guarantee held in each of them" : findings + " findings");
        return findings == 0;
    }

    private void print(Exploration exploration) {
        executions += exploration.total();
        findings += exploration.findings().size();
        out.printf(
                Locale.ROOT,
                "  %,d executions, %d findings%n",
                exploration.total(),
                exploration.findings().size());
        String launcher = Launcher.ofThisProcess().command();
        exploration
                .findings()
                .forEach(finding ->
                        out.println("    " + finding.replay().command(launcher) + ": " + finding.violations()));
        out.flush();
    }
}
