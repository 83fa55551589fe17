package dev.stepstile.cli.simulate;

import dev.stepstile.cli.console.Progress;
import dev.stepstile.simulation.exploration.Exploration;
import dev.stepstile.simulation.scenarios.Scenarios;
import java.io.PrintStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** Every fault at every port call of small scenarios, singly and in pairs. */
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

    /** The part {@code number} of {@code of} parts of the pairs; the first is 1. */
    record Part(int number, int of) {
        static Part parse(String text) {
            String[] both = text.split("/", -1);
            try {
                Part part = new Part(Integer.parseInt(both[0]), both.length == 2 ? Integer.parseInt(both[1]) : 0);
                if (part.number >= 1 && part.number <= part.of) {
                    return part;
                }
            } catch (NumberFormatException e) {
                throw new IllegalArgumentException("Invalid part '" + text + "'; write 1/2 and 2/2 for two halves.", e);
            }
            throw new IllegalArgumentException("Invalid part '" + text + "'; write 1/2 and 2/2 for two halves.");
        }

        boolean has(int n) {
            return n % of == number - 1;
        }
    }

    /**
     * Runs every single fault, then pairs.
     *
     * @param sample how many pairs of each scenario, or null for all of this part
     * @return whether every guarantee held in all of them
     */
    boolean play(@Nullable Integer sample, Part part) {
        for (Scenarios.Named scenario : scenarios) {
            out.printf("%s: %s%n", scenario.name(), scenario.what());
            Exploration singles = new Exploration(scenario, seed).singles();
            print("singles", singles);
            if (sample != null) {
                print("pairs", new Exploration(scenario, seed).pairs(sample));
            } else {
                print("pairs", pairs(scenario, part));
            }
        }
        out.printf(
                Locale.ROOT,
                "%n%,d executions in all, %s%n",
                executions,
                findings == 0 ? "every guarantee held in each of them" : findings + " findings");
        return findings == 0;
    }

    private Exploration pairs(Scenarios.Named scenario, Part part) {
        Exploration exploration = new Exploration(scenario, seed);
        List<Exploration.First> all = exploration.firsts();
        List<Exploration.First> firsts = new ArrayList<>();
        for (int i = 0; i < all.size(); i++) {
            if (part.has(i)) {
                firsts.add(all.get(i));
            }
        }
        long pairs = firsts.stream().mapToLong(Exploration.First::pairs).sum();
        Progress progress = new Progress(out, "pairs", Math.toIntExact(pairs));
        long done = 0;
        for (Exploration.First first : firsts) {
            exploration.pairsAfter(first);
            done += first.pairs();
            progress.at(Math.toIntExact(done));
        }
        return exploration;
    }

    private void print(String what, Exploration exploration) {
        executions += exploration.total();
        findings += exploration.findings().size();
        out.printf(
                Locale.ROOT,
                "  %-8s %,d executions, %d findings%n",
                what,
                exploration.total(),
                exploration.findings().size());
        exploration.findings().forEach(finding -> out.println("    " + finding));
        out.flush();
    }
}
