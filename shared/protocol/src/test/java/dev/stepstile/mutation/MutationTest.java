package dev.stepstile.mutation;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * PIT changes the model and the sweeper's decisions, one thing at a time, and runs their tests. What survives is in
 * {@code survivors.txt} with its reason; anything else fails, and so does a line there that is not needed.
 */
@Tag("full")
@Timeout(value = 10, unit = TimeUnit.MINUTES)
class MutationTest {
    private static final String CHANGED = "dev.stepstile.step.*,dev.stepstile.protocol.Recovery*";
    private static final String TESTS = "dev.stepstile.step.*,dev.stepstile.protocol.RecoveryTest*";

    @Test
    void nothing_survives_without_a_reason() throws IOException, InterruptedException {
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
        List<Change> changes = Files.readAllLines(report.resolve("mutations.csv")).stream()
                .map(Change::of)
                .toList();
        long survived = changes.stream().filter(Change::survived).count();
        System.out.printf("mutation: %d changes, %d survived%n", changes.size(), survived);
        assertThat(changes).hasSizeGreaterThan(180);
        assertThat(survivors(changes)).isEqualTo(excused());
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
                CHANGED,
                "--targetTests",
                TESTS,
                "--sourceDirs",
                "src/main/java",
                "--mutableCodePaths",
                Path.of("target", "classes").toAbsolutePath().toString(),
                "--excludedGroups",
                "integration,full",
                "--threads",
                "2",
                "--timeoutConst",
                "2500",
                "--timeoutFactor",
                "1.5",
                "--outputFormats",
                "CSV",
                "--timestampedReports=false",
                "--jvmArgs=-Djdk.virtualThreadScheduler.parallelism=1,"
                        + "-Dorg.slf4j.simpleLogger.defaultLogLevel=off,-XX:TieredStopAtLevel=1,-XX:+UseSerialGC");
    }

    /** One line of PIT's report. */
    private record Change(String where, String what, String status) {
        static Change of(String line) {
            String[] cells = line.split(",", -1);
            String type = cells[1].substring(cells[1].lastIndexOf('.') + 1);
            String mutator = cells[2].substring(cells[2].lastIndexOf('.') + 1);
            return new Change(type + "." + cells[3], mutator.replaceFirst("Mutator$", ""), cells[5]);
        }

        boolean survived() {
            return status.equals("SURVIVED") || status.equals("NO_COVERAGE");
        }
    }

    /** How many changes of a kind survived in a method. */
    private static SortedMap<String, Integer> survivors(List<Change> changes) {
        SortedMap<String, Integer> survivors = new TreeMap<>();
        changes.stream()
                .filter(Change::survived)
                .forEach(change -> survivors.merge(change.where() + " " + change.what(), 1, Integer::sum));
        return survivors;
    }

    /** Lines of {@code method mutator count: reason}. */
    private static SortedMap<String, Integer> excused() throws IOException {
        SortedMap<String, Integer> excused = new TreeMap<>();
        List<String> lines = new ArrayList<>();
        try (var in = Objects.requireNonNull(MutationTest.class.getResourceAsStream("/survivors.txt"))) {
            lines.addAll(new String(in.readAllBytes(), StandardCharsets.UTF_8)
                    .lines()
                    .toList());
        }
        for (String line : lines) {
            if (!line.isBlank() && !line.startsWith("#")) {
                String[] said = line.split(": ", 2);
                assertThat(said).as("'%s' gives a reason", line).hasSize(2);
                String[] words = said[0].split(" ", -1);
                excused.put(words[0] + " " + words[1], Integer.parseInt(words[2]));
            }
        }
        return excused;
    }
}
