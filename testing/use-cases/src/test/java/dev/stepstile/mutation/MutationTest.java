package dev.stepstile.mutation;

import static org.assertj.core.api.Assertions.assertThat;

import dev.stepstile.usecase.LogContext;
import dev.stepstile.usecase.StepExecution;
import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * PIT changes the model, the sweeper's decisions and the use cases, one thing at a time, and runs their tests. What survives
 * is in {@code survivors.txt} with its reason; anything else fails, and so does a line there that is not needed.
 */
@Tag("full")
@Timeout(value = 20, unit = TimeUnit.MINUTES)
class MutationTest {
    private static final Path PROTOCOL = Path.of("..", "..", "shared", "engine").toAbsolutePath();
    private static final String MODEL = "dev.stepstile.step.*,dev.stepstile.usecase.Recovery*";
    private static final String USE_CASES = classes(
            "Dispatcher",
            "StepSender",
            "StepRecorder",
            "Sweep",
            "AbandonedDispatch",
            "DeadLetterer",
            "RunCanceller",
            "Redriver",
            "DispatchReopener",
            "ManifestReader",
            "RunQueries");
    private static final String WORKER = classes(
            "StepExecution",
            "StepAttempt",
            "AttemptContext",
            "AttemptFailed",
            "Lease",
            "AttemptLog",
            "LogPageWriter",
            "MessageDisposition");

    @Test
    void no_change_of_the_model_survives_without_a_reason() throws IOException, InterruptedException {
        List<Change> changes = changed("model", MODEL, "dev.stepstile.step.*,dev.stepstile.usecase.RecoveryTest*");
        assertThat(changes).hasSizeGreaterThan(180);
        assertThat(survivors(changes)).isEqualTo(excused("model"));
    }

    @Test
    void no_change_of_the_use_cases_survives_without_a_reason() throws IOException, InterruptedException {
        List<Change> changes =
                changed("use-cases", USE_CASES, "dev.stepstile.usecases.*,dev.stepstile.usecase.SweepReportTest");
        assertThat(changes).hasSizeGreaterThan(100);
        assertThat(survivors(changes)).isEqualTo(excused("use-cases"));
    }

    @Test
    void no_change_of_the_worker_survives_without_a_reason() throws IOException, InterruptedException {
        List<Change> changes = changed(
                "worker",
                WORKER,
                classes(
                        "StepExecutionTest",
                        "RunningAttemptTest",
                        "BrokenWorkerTest",
                        "PortTroubleTest",
                        "BadInputTest",
                        "MetricsTest",
                        "AttemptLogTest"));
        assertThat(changes).hasSizeGreaterThan(100);
        assertThat(survivors(changes)).isEqualTo(excused("worker"));
    }

    /** Classes of the engine, and tests: some of them beside it, the others in this module. */
    private static String classes(String... names) {
        return Stream.of(names)
                .flatMap(name -> Stream.of("dev.stepstile.usecase." + name, "dev.stepstile.usecases." + name))
                .map(name -> name + "*")
                .collect(Collectors.joining(","));
    }

    private static List<Change> changed(String name, String classes, String tests)
            throws IOException, InterruptedException {
        Path report = Path.of("target", "pit-" + name).toAbsolutePath();
        Path log = Path.of("target", "pit-" + name + ".log");
        Process pit = new ProcessBuilder(command(report, classes, tests))
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
        System.out.printf("mutation of the %s: %d changes, %d survived%n", name, changes.size(), survived);
        return changes;
    }

    private static List<String> command(Path report, String classes, String tests) {
        return List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-cp",
                System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"))
                        + File.pathSeparator
                        + mutated().resolveSibling("test-classes"),
                "org.pitest.mutationtest.commandline.MutationCoverageReport",
                "--reportDir",
                report.toString(),
                "--targetClasses",
                classes,
                "--targetTests",
                tests,
                "--sourceDirs",
                PROTOCOL.resolve("src").resolve("main").resolve("java").toString(),
                "--mutableCodePaths",
                mutated().toString(),
                "--excludedGroups",
                "integration,full",
                "--avoidCallsTo",
                "org.slf4j," + LogContext.class.getName(),
                "--threads",
                "2",
                "--timeoutConst",
                "2500",
                "--timeoutFactor",
                "1.5",
                "--outputFormats",
                "CSV",
                "--timestampedReports=false",
                "--jvmArgs=--enable-native-access=ALL-UNNAMED,-Djdk.virtualThreadScheduler.parallelism=1,"
                        + "-Dstepstile.test.patience=1,-Dorg.slf4j.simpleLogger.defaultLogLevel=off,-XX:TieredStopAtLevel=1,-XX:+UseSerialGC");
    }

    /** Where the classes that are changed lie, wherever this build puts them. */
    private static Path mutated() {
        return Path.of(StepExecution.class
                .getProtectionDomain()
                .getCodeSource()
                .getLocation()
                .getPath());
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

    /** Lines of {@code method mutator count: reason} below a line {@code [part]}. */
    private static SortedMap<String, Integer> excused(String part) throws IOException {
        SortedMap<String, Integer> excused = new TreeMap<>();
        List<String> lines;
        try (var in = Objects.requireNonNull(MutationTest.class.getResourceAsStream("/survivors.txt"))) {
            lines = new String(in.readAllBytes(), StandardCharsets.UTF_8)
                    .lines()
                    .toList();
        }
        boolean inPart = false;
        for (String line : lines) {
            if (line.startsWith("[")) {
                inPart = line.equals("[" + part + "]");
            } else if (inPart && !line.isBlank() && !line.startsWith("#")) {
                String[] said = line.split(": ", 2);
                assertThat(said).as("'%s' gives a reason", line).hasSize(2);
                String[] words = said[0].split(" ", -1);
                excused.put(words[0] + " " + words[1], Integer.parseInt(words[2]));
            }
        }
        return excused;
    }
}
