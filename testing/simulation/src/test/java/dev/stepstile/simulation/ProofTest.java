package dev.stepstile.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import dev.stepstile.simulation.exploration.Exploration;
import dev.stepstile.simulation.exploration.Replay;
import dev.stepstile.simulation.faults.Fault;
import dev.stepstile.simulation.faults.FaultProfile;
import dev.stepstile.simulation.scenarios.Scenarios;
import dev.stepstile.usecase.Metric;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * What {@code docs/proof.md} says is what comes out: the simulator's findings, in numbers that depend on the seeds alone.
 * {@code -Dstepstile.write-docs=true} writes the page anew.
 */
@Tag("full")
class ProofTest {
    private static final int SEEDS = 30;
    private static final int LOAD_STEPS = 10_000;
    private static final Path PAGE = Path.of("..", "..", "docs", "proof.md");

    private final StringBuilder page = new StringBuilder();

    @Test
    @Timeout(value = 15, unit = TimeUnit.MINUTES)
    void the_page_tells_what_the_simulator_finds() throws IOException {
        String written = written();
        if (Boolean.getBoolean("stepstile.write-docs")) {
            Files.writeString(PAGE, written);
        }
        assertThat(Files.readString(PAGE)).isEqualTo(written);
    }

    private String written() {
        page.append("""
                # Proof

                What the simulator ([simulation](../testing/simulation/README.md)) shows, in numbers. All of them depend on seeds
                alone: the same on any machine. This page is generated, and `./stepstile verify --full` holds it against what
                comes out; after a change to the protocol it is written anew by

                    mvn test -Pfull -pl testing/simulation -am -Dtest=ProofTest -Dstepstile.write-docs=true -Dsurefire.failIfNoSpecifiedTests=false

                """);
        singles();
        loads();
        bugs();
        page.append("""
                ## What is shown elsewhere, and what is not

                The real use cases explored breadth first as a model, each condition of the DynamoDB adapter left out, races in
                the batch loop, mutations of the model, and real processes that are killed or stand still: with commands and
                counts under [how it is tested](../CONTRIBUTING.md#how-it-is-tested).

                Not shown is that AWS behaves as the simulated services do: their contract suites are the same, and the suites
                run against the emulators.
                """);
        return page.toString();
    }

    private void singles() {
        SortedMap<String, SortedMap<String, SortedMap<String, Integer>>> table = new TreeMap<>();
        int executions = 0;
        int findings = 0;
        long seed = 0;
        for (Scenarios.Named scenario : Scenarios.SMALL) {
            seed++;
            Map<Metric, Long> calm =
                    scenario.scenario().play(scenario.config(seed)).counts();
            Exploration exploration = new Exploration(scenario, seed, config -> config, (faults, outcome) -> {
                String effect = effect(calm, outcome);
                outcome.faults()
                        .places()
                        .forEach((place, struck) -> struck.keySet()
                                .forEach(fault -> table.computeIfAbsent(place, p -> new TreeMap<>())
                                        .computeIfAbsent(fault, f -> new TreeMap<>())
                                        .merge(effect, 1, Integer::sum)));
            });
            exploration.singles();
            executions += exploration.total();
            findings += exploration.findings().size();
        }
        page.append(String.format(
                Locale.ROOT,
                "## One fault, at each port call\n\nEach fault at each call of the small scenarios: %,d executions,"
                        + " %d findings of the auditor. The cells count what it took: `=` nothing, `d` a duplicate was"
                        + " recognised, `s` a message was sent again, `t` the step was taken over from a lost worker,"
                        + " `f` the fence refused an older attempt.%n%n",
                executions,
                findings));
        List<String> faults = Exploration.FAULTS.stream().map(Fault::name).toList();
        page.append("| place | ")
                .append(String.join(" | ", faults))
                .append(" |\n|---|")
                .append("---|".repeat(faults.size()))
                .append('\n');
        table.forEach((place, byFault) -> page.append("| ")
                .append(place)
                .append(" | ")
                .append(faults.stream()
                        .map(fault -> cell(byFault.getOrDefault(fault, new TreeMap<>())))
                        .collect(Collectors.joining(" | ")))
                .append(" |\n"));
        page.append('\n');
    }

    private static String cell(SortedMap<String, Integer> observer) {
        return observer.entrySet().stream()
                .map(effect -> effect.getValue() + effect.getKey())
                .collect(Collectors.joining(" "));
    }

    private static String effect(Map<Metric, Long> calm, Outcome outcome) {
        if (more(Metric.STALE_REFUSED, calm, outcome)) {
            return "f";
        }
        if (more(Metric.WORKERS_LOST, calm, outcome)) {
            return "t";
        }
        if (more(Metric.STEPS_RESENT, calm, outcome)) {
            return "s";
        }
        return more(Metric.DUPLICATES_SUPPRESSED, calm, outcome) ? "d" : "=";
    }

    private static boolean more(Metric count, Map<Metric, Long> calm, Outcome outcome) {
        return outcome.counts().getOrDefault(count, 0L) > calm.getOrDefault(count, 0L);
    }

    private void loads() {
        page.append(String.format(Locale.ROOT, """
                ## Under load

                Each load with %,d steps and seed 1, as `./stepstile simulate --scenario S --steps %d --seed 1 --faults F` plays
                it, without further faults and in light weather (`simulate --help`). Lost: attempts whose worker was lost, how
                long after its last heartbeat their steps were taken over, and the bound, which holds where no sweep goes
                wrong. Found: what the auditor found.

                | load | faults | ended | went wrong | lost | p50 | max | bound | found |
                |---|---|---|---|---|---|---|---|---|
                """, LOAD_STEPS, LOAD_STEPS));
        for (Scenarios.Named load : Scenarios.LOADS) {
            for (String faults : List.of("none", "light")) {
                Replay replay = Replay.of(load, LOAD_STEPS, 1, FaultProfile.parse(faults));
                Outcome outcome = replay.play(replay.config());
                List<Duration> lost = outcome.recoveries().stream().sorted().toList();
                page.append(String.format(
                        Locale.ROOT,
                        "| %s | %s | %s | %,d | %,d | %s | %s | %s | %d |%n",
                        load.name(),
                        faults,
                        outcome.progress().ends().entrySet().stream()
                                .map(end -> String.format(Locale.ROOT, "%,d %s", end.getValue(), end.getKey()))
                                .collect(Collectors.joining(", ")),
                        outcome.faults().kinds().values().stream()
                                .mapToInt(Integer::intValue)
                                .sum(),
                        lost.size(),
                        lost.isEmpty() ? "" : seconds(lost.get(lost.size() / 2)),
                        lost.isEmpty() ? "" : seconds(lost.getLast()),
                        replay.config().bounded()
                                ? seconds(replay.config().cluster().recoveryBound())
                                : "none",
                        outcome.violations().size()));
            }
        }
        page.append("""

                A million steps in one run, once, on 2 cores:
                `./stepstile simulate --scenario failures --steps 1000000 --seed 1 --faults light`: 8,824 attempts lost, 10,760
                calls gone wrong, nothing found; 56 s, heap at most 3,766 MB.

                """);
    }

    private static String seconds(Duration time) {
        return String.format(Locale.ROOT, "%.1f s", time.toMillis() / 1_000.0);
    }

    private void bugs() {
        int without = 0;
        for (int seed = 1; seed <= SEEDS; seed++) {
            for (Hunt hunt : Hunt.values()) {
                without += hunt.found(seed, config -> config).isEmpty() ? 0 : 1;
            }
        }
        page.append(String.format(Locale.ROOT, """
                ## Seeded bugs

                %d mistakes, each built in by a switch that only tests have, and hunted by chance with the seeds 1 to %d on two
                grounds. *Sparse* is the scenario `varied` with a dozen faults, in which each delay is bounded; *rough* is `busy` in
                rough weather, in which none is. Without a mistake, %d of these executions found anything. How many seeds it takes to
                the first find, beginning at any seed: median and worst; and when in virtual time the first one finds it.

                """, SeededBug.ALL.size(), SEEDS, without));
        bugs("Known of such engines; the five classic ones come first", SeededBug.KNOWN);
        bugs("Of kinds that the simulator once did not see", SlippedBugs.ALL);
        bugs("In what clients call", CallerBugs.ALL);
        bugs("In the function that executes steps", WorkerBugs.ALL);
        bugs("In the sweeper", SweeperBugs.ALL);
        page.append(String.format(
                Locale.ROOT,
                "Found by chance: %d of %d. Each of the others has a test of its own, which `SeededBugsTest` names.%n"
                        + "Which engine finds which mistake: [evidence.md](evidence.md).%n%n",
                foundByChance,
                SeededBug.ALL.size()));
    }

    private int foundByChance;

    private void bugs(String which, List<SeededBug> bugs) {
        page.append("| ")
                .append(which)
                .append(" | sparse | rough | median | worst | after |\n|---|---|---|---|---|---|\n");
        for (SeededBug bug : bugs) {
            Map<Hunt, Integer> finds = new EnumMap<>(Hunt.class);
            List<Integer> found = new ArrayList<>();
            String after = "";
            for (int seed = 1; seed <= SEEDS; seed++) {
                boolean here = false;
                for (Hunt hunt : Hunt.values()) {
                    Outcome outcome = hunt.played(seed, bug.changes().get());
                    if (!outcome.violations().isEmpty()) {
                        finds.merge(hunt, 1, Integer::sum);
                        after = after.isEmpty() ? seconds(outcome.progress().took()) : after;
                        here = true;
                    }
                }
                if (here) {
                    found.add(seed);
                }
            }
            foundByChance += found.isEmpty() ? 0 : 1;
            List<Integer> waits = waits(found);
            page.append(String.format(
                    Locale.ROOT,
                    "| %s | %d | %d | %s | %s | %s |%n",
                    bug.what(),
                    finds.getOrDefault(Hunt.SPARSE, 0),
                    finds.getOrDefault(Hunt.ROUGH, 0),
                    found.isEmpty() ? "" : waits.get(waits.size() / 2),
                    found.isEmpty() ? "" : waits.getLast(),
                    after));
        }
        page.append('\n');
    }

    /** How many seeds it takes from each seed on, the last one followed by the first again; sorted. */
    private static List<Integer> waits(List<Integer> found) {
        List<Integer> waits = new ArrayList<>();
        for (int from = 1; from <= SEEDS; from++) {
            int wait = 1;
            while (wait < SEEDS && !found.contains((from + wait - 2) % SEEDS + 1)) {
                wait++;
            }
            waits.add(wait);
        }
        return waits.stream().sorted().toList();
    }
}
