package dev.stepstile.mutation;

import static org.assertj.core.api.Assertions.assertThat;

import dev.stepstile.step.StepLife;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * PIT mutates the parts of the engine that compute a result and do nothing else: the model, the codecs, the sweeper's
 * decisions and a few more. It runs their unit tests. The mutants that survive are in {@code survivors.txt}, each with its
 * reason; any other survivor fails the test, and so does a line there that is not needed.
 *
 * <p>The use cases and the worker are not mutated. They consist of port calls, locks and waiting, and their tests run
 * threads: a mutant there often ends in a wait that only a timeout breaks, so a run takes far more than the twenty minutes
 * that it was given, and whether a mutant survives depends on the schedule. They are covered by what controls the schedule:
 * the simulation, which must find every seeded mistake; {@code ModelTest}, which explores the orders of port calls;
 * {@code RacesTest}; and {@code ConditionMutationTest}, which mutates the conditions of their database writes.
 */
@Tag("full")
@Timeout(value = 10, unit = TimeUnit.MINUTES)
class MutationTest {
    private static final String CLASSES = String.join(
            ",",
            "dev.stepstile.step.*",
            "dev.stepstile.codec.*",
            "dev.stepstile.runtime.SteadyClock*",
            "dev.stepstile.usecase.FailureText*",
            "dev.stepstile.usecase.Recovery*",
            "dev.stepstile.usecase.SuspectLimiter*",
            "dev.stepstile.usecase.SweepReport*",
            "dev.stepstile.usecase.Timing*");

    @Test
    void no_mutant_survives_without_a_reason() throws IOException, InterruptedException {
        List<Mutant> mutants = mutants();
        assertThat(mutants).hasSizeGreaterThan(500);
        assertThat(survivors(mutants)).isEqualTo(listed());
    }

    private static List<Mutant> mutants() throws IOException, InterruptedException {
        Path report = Path.of("target", "pit").toAbsolutePath();
        Path log = Path.of("target", "pit.log");
        Process pit = new ProcessBuilder(command(report))
                .redirectErrorStream(true)
                .redirectOutput(log.toFile())
                .start();
        try {
            assertThat(pit.waitFor()).as("see %s", log).isZero();
        } finally {
            pit.destroyForcibly();
        }
        List<Mutant> mutants = Files.readAllLines(report.resolve("mutations.csv")).stream()
                .map(Mutant::of)
                .toList();
        long survived = mutants.stream().filter(Mutant::survived).count();
        System.out.printf("PIT: %d mutants, %d survived%n", mutants.size(), survived);
        return mutants;
    }

    private static List<String> command(Path report) {
        return List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-cp",
                System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")),
                "org.pitest.mutationtest.commandline.MutationCoverageReport",
                "--reportDir",
                report.toString(),
                "--targetClasses",
                CLASSES,
                "--targetTests",
                CLASSES,
                "--sourceDirs",
                Path.of("src", "main", "java").toString(),
                "--mutableCodePaths",
                mutated(),
                "--threads",
                "2",
                "--timeoutConst",
                "10000",
                "--outputFormats",
                "CSV",
                "--timestampedReports=false",
                "--jvmArgs=-XX:TieredStopAtLevel=1,-XX:+UseSerialGC");
    }

    /** Where the classes that are mutated lie, wherever this build puts them. */
    private static String mutated() {
        return Path.of(StepLife.class
                        .getProtectionDomain()
                        .getCodeSource()
                        .getLocation()
                        .getPath())
                .toString();
    }

    /** One line of PIT's report. */
    private record Mutant(String where, String what, String status) {
        static Mutant of(String line) {
            String[] cells = line.split(",", -1);
            String type = cells[1].substring(cells[1].lastIndexOf('.') + 1);
            String mutator = cells[2].substring(cells[2].lastIndexOf('.') + 1);
            return new Mutant(type + "." + cells[3], mutator.replaceFirst("Mutator$", ""), cells[5]);
        }

        boolean survived() {
            return status.equals("SURVIVED") || status.equals("NO_COVERAGE");
        }
    }

    /** How many mutants of a kind survived in a method. */
    private static SortedMap<String, Integer> survivors(List<Mutant> mutants) {
        SortedMap<String, Integer> survivors = new TreeMap<>();
        mutants.stream()
                .filter(Mutant::survived)
                .forEach(mutant -> survivors.merge(mutant.where() + " " + mutant.what(), 1, Integer::sum));
        return survivors;
    }

    /** Lines of {@code method mutator count: reason}. */
    private static SortedMap<String, Integer> listed() throws IOException {
        SortedMap<String, Integer> listed = new TreeMap<>();
        try (var in = Objects.requireNonNull(MutationTest.class.getResourceAsStream("/survivors.txt"))) {
            new String(in.readAllBytes(), StandardCharsets.UTF_8)
                    .lines()
                    .filter(line -> !line.isBlank() && !line.startsWith("#"))
                    .forEach(line -> {
                        String[] said = line.split(": ", 2);
                        assertThat(said).as("'%s' gives a reason", line).hasSize(2);
                        String[] words = said[0].split(" ", -1);
                        listed.put(words[0] + " " + words[1], Integer.parseInt(words[2]));
                    });
        }
        return listed;
    }
}
