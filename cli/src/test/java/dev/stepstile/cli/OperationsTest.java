package dev.stepstile.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.stepstile.step.Shards;
import dev.stepstile.usecase.Gauge;
import dev.stepstile.usecase.Measure;
import dev.stepstile.usecase.Metric;
import dev.stepstile.usecase.Timing;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The tables of docs/operations.md name what the code counts and reads. */
class OperationsTest {
    private static final Path CHECKOUT = Path.of("..").toAbsolutePath().normalize();
    private static final List<String> FOLDERS = List.of(
            "shared", "functions", "local", "client", "orchestrators", "examples", "cli", "build", "testing", "bench");
    private static final Pattern PARAMETER = Pattern.compile("(?m)^  (\\w+):\n    Type: \\w+\n    Default: (.+)$");
    private static final Pattern ALARM = Pattern.compile("(?m)^  (\\w+):\n    Type: AWS::CloudWatch::Alarm$");
    private static final Pattern ALARM_NAME = Pattern.compile("`(\\w+Alarm)`");
    private static final Pattern NAME = Pattern.compile("`([A-Z][A-Z_]+)`");
    /** As a literal in Java or Python, or as a variable in a script; a name that goes on after a star or a dash is none. */
    private static final Pattern READ = Pattern.compile("[\"'{$](STEPSTILE_[A-Z_]*[A-Z])(?=[\"':}])");

    /** What the first column of a section's table names. */
    private static List<String> table(String section) throws IOException {
        return table(section, NAME);
    }

    private static List<String> table(String section, Pattern name) throws IOException {
        String page = Files.readString(CHECKOUT.resolve("docs/operations.md"));
        int start = page.indexOf("\n## " + section + "\n");
        assertThat(start).as(section).isPositive();
        String text = page.substring(start, page.indexOf("\n## ", start + 1));
        return text.lines()
                .filter(line -> line.startsWith("| `"))
                .flatMap(line -> name.matcher(line.substring(0, line.indexOf(" | ")))
                        .results()
                        .map(found -> found.group(1)))
                .sorted()
                .toList();
    }

    private static SortedSet<String> read() throws IOException {
        SortedSet<String> names = new TreeSet<>();
        names.addAll(namesIn(CHECKOUT.resolve("stepstile")));
        for (String folder : FOLDERS) {
            try (Stream<Path> files = Files.walk(CHECKOUT.resolve(folder))) {
                for (Path file : files.filter(Files::isRegularFile).toList()) {
                    String path = CHECKOUT.relativize(file).toString();
                    boolean code = path.endsWith(".py") || path.endsWith(".java") || path.startsWith("build/");
                    if (code && !path.matches(".*(/src/test/|/tests/|/target/|^testing/python/).*")) {
                        names.addAll(namesIn(file));
                    }
                }
            }
        }
        return names;
    }

    private static List<String> namesIn(Path file) throws IOException {
        return READ.matcher(Files.readString(file))
                .results()
                .map(found -> found.group(1))
                .toList();
    }

    @Test
    void the_tables_of_metrics_name_each_that_is_counted_or_measured_and_no_other() throws IOException {
        List<String> emitted = Stream.of(Metric.values(), Measure.values(), Gauge.values())
                .flatMap(Stream::of)
                .map(Enum::name)
                .sorted()
                .toList();
        assertThat(table("Metrics")).containsExactlyElementsOf(emitted);
        assertThat(Files.readString(CHECKOUT.resolve("docs/operations.md"))).contains(emitted.size() + " in all");
    }

    @Test
    void the_table_of_settings_names_each_variable_that_is_read_and_no_other() throws IOException {
        SortedSet<String> read = read();
        assertThat(read).contains("STEPSTILE_LEASE_SECONDS", "STEPSTILE_HOME", "STEPSTILE_ENDPOINT");
        assertThat(table("Settings")).containsExactlyElementsOf(read);
    }

    /** A column, counted from 0, of the row of this name in a section's table; a number loses its unit. */
    private static String cell(String section, String name, int column) throws IOException {
        String page = Files.readString(CHECKOUT.resolve("docs/operations.md"));
        return page.substring(page.indexOf("\n## " + section + "\n"))
                .lines()
                .filter(line -> line.startsWith("| `" + name + "` |"))
                .map(line -> line.split(" \\| ", -1)[column].replaceAll(" MB$", ""))
                .findFirst()
                .orElse("no row");
    }

    @Test
    void the_table_of_parameters_names_each_of_the_template_with_its_default() throws IOException {
        String template = Files.readString(CHECKOUT.resolve("template.yaml"));
        String parameters = template.substring(template.indexOf("\nParameters:"), template.indexOf("\nConditions:"));
        Map<String, String> defaults = new TreeMap<>();
        PARAMETER.matcher(parameters).results().forEach(found -> {
            String text = found.group(2).replaceAll("^'(.*)'$", "$1");
            defaults.put(found.group(1), text.isEmpty() ? "none" : text);
        });
        assertThat(defaults).hasSizeGreaterThan(8);
        Map<String, String> documented = new TreeMap<>();
        for (String name : defaults.keySet()) {
            documented.put(name, cell("Deploy", name, 1));
        }
        assertThat(documented).isEqualTo(defaults);
    }

    @Test
    void the_table_of_alarms_names_each_of_the_template_and_no_other() throws IOException {
        List<String> alarms = ALARM.matcher(Files.readString(CHECKOUT.resolve("template.yaml")))
                .results()
                .map(found -> found.group(1))
                .sorted()
                .toList();
        assertThat(alarms).hasSizeGreaterThan(15);
        assertThat(table("Alarms", ALARM_NAME)).containsExactlyElementsOf(alarms);
    }

    @Test
    void the_table_of_settings_has_the_defaults_of_the_code() throws IOException {
        Timing timing = Timing.DEFAULT;
        Map<String, Object> defaults = Map.of(
                "STEPSTILE_LEASE_SECONDS", timing.lease().toSeconds(),
                "STEPSTILE_MARGIN_SECONDS", timing.margin().toSeconds(),
                "STEPSTILE_SWEEP_SECONDS", timing.sweepEvery().toSeconds(),
                "STEPSTILE_DISPATCH_TIMEOUT_SECONDS", timing.dispatchTimeout().toSeconds(),
                "STEPSTILE_SHARDS", Shards.DEFAULT);
        for (Map.Entry<String, Object> each : defaults.entrySet()) {
            assertThat(cell("Settings", each.getKey(), 2)).as(each.getKey()).isEqualTo(each.getValue() + "");
        }
        assertThat(cell("Deploy", "LeaseSeconds", 1)).isEqualTo(cell("Settings", "STEPSTILE_LEASE_SECONDS", 2));
    }
}
