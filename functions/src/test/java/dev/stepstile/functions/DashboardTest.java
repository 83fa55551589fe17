package dev.stepstile.functions;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.stepstile.codec.Json;
import dev.stepstile.functions.TemplateTest.Fault;
import dev.stepstile.usecase.Gauge;
import dev.stepstile.usecase.Measure;
import dev.stepstile.usecase.Metric;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The template's dashboard. What it names of the code's own metrics is compared with what is emitted in {@link EmittedMetricsTest}. */
class DashboardTest {
    private static final List<String> HOPS =
            List.of("API", "Dispatch", "Queue", "Step", "Table", "Sweeper", "Dead letters");

    private static final String JSON = "is JSON";
    private static final String FULL = "fills each row, and no widget covers another";
    private static final String A_ROW_EACH = "has a row for each hop";
    private static final String ALARMS = "shows each alarm";
    private static final String SENT = "shows what AWS sends";
    private static final String SHOWN = "shows each metric of the code";
    private static final String STATS = "shows counts as sums";

    private static final Map<String, Function<Template, List<String>>> RULES = new LinkedHashMap<>();

    static {
        RULES.put(JSON, DashboardTest::json);
        RULES.put(FULL, DashboardTest::grid);
        RULES.put(A_ROW_EACH, DashboardTest::hops);
        RULES.put(ALARMS, DashboardTest::alarms);
        RULES.put(SENT, DashboardTest::sent);
        RULES.put(SHOWN, DashboardTest::shown);
        RULES.put(STATS, DashboardTest::stats);
    }

    private static List<String> problems(String rule, Template template) {
        return Objects.requireNonNull(RULES.get(rule), rule).apply(template);
    }

    private static List<String> json(Template template) {
        try {
            return Dashboard.of(template).body().path("widgets").isArray() ? List.of() : List.of("it has no widgets");
        } catch (Json.BadJson e) {
            return List.of(String.valueOf(e.getMessage()));
        }
    }

    /** Each cell down to the last row belongs to exactly one widget. */
    private static List<String> grid(Template template) {
        List<String> problems = new ArrayList<>();
        BitSet covered = new BitSet();
        for (JsonNode widget : Dashboard.of(template).body().path("widgets")) {
            int right = widget.path("x").asInt() + widget.path("width").asInt();
            for (int y = widget.path("y").asInt(); y < bottom(widget); y++) {
                for (int x = widget.path("x").asInt(); x < right; x++) {
                    int cell = y * Dashboard.COLUMNS + x;
                    if (x >= Dashboard.COLUMNS || covered.get(cell)) {
                        problems.add("covered twice, or outside: " + x + ", " + y);
                    }
                    covered.set(cell);
                }
            }
        }
        if (covered.cardinality() != covered.length() || covered.length() % Dashboard.COLUMNS != 0) {
            problems.add("empty: from cell " + covered.nextClearBit(0));
        }
        return problems;
    }

    private static int bottom(JsonNode widget) {
        return widget.path("y").asInt() + widget.path("height").asInt();
    }

    private static List<String> hops(Template template) {
        List<String> hops = Dashboard.of(template).widgets("text").stream()
                .map(text -> text.path("properties").path("markdown").asText().replaceAll("## ([^:]*):.*", "$1"))
                .toList();
        return hops.equals(HOPS) ? List.of() : List.of("it has " + hops);
    }

    private static List<String> alarms(Template template) {
        Set<String> shown = new TreeSet<>();
        Dashboard.of(template)
                .widgets("alarm")
                .forEach(
                        widget -> widget.path("properties").path("alarms").forEach(alarm -> shown.add(alarm.asText())));
        Set<String> all = template.ofType(AlarmRules.ALARM).keySet().stream()
                .map(alarm -> "<" + alarm + ".Arn>")
                .collect(Collectors.toSet());
        return shown.equals(all) ? List.of() : List.of("it shows " + shown);
    }

    private static List<String> sent(Template template) {
        return Dashboard.of(template).metrics().stream()
                .filter(metric -> metric.namespace().startsWith("AWS/") && !metric.isSent())
                .map(WatchedMetric::toString)
                .toList();
    }

    private static List<String> shown(Template template) {
        Set<String> missing = Stream.of(Metric.values(), Measure.values(), Gauge.values())
                .flatMap(Stream::of)
                .map(Enum::name)
                .collect(Collectors.toCollection(TreeSet::new));
        Dashboard.of(template).metrics().forEach(metric -> missing.remove(metric.name()));
        return List.copyOf(missing);
    }

    /** The average of a count says little, and an API's calls are counted by their samples. */
    private static List<String> stats(Template template) {
        return Dashboard.of(template).metrics().stream()
                .filter(metric -> !metric.stat()
                        .matches(
                                metric.name().equals("Count")
                                        ? "SampleCount"
                                        : isDuration(metric) ? "p\\d\\d|Maximum" : "Sum|Maximum"))
                .map(WatchedMetric::toString)
                .toList();
    }

    private static boolean isDuration(WatchedMetric metric) {
        return AwsMetrics.unit(metric.namespace(), metric.name()).equals("Milliseconds")
                || Stream.of(Measure.values())
                        .anyMatch(measure -> measure.name().equals(metric.name()));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("rules")
    void keeps_to(String rule) {
        assertThat(problems(rule, Template.parse(Template.text()))).isEmpty();
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("faults")
    void with_a_fault_breaks_its_rule(Fault fault) {
        assertThat(problems(fault.rule(), fault.seeded())).isNotEmpty();
    }

    @Test
    void has_no_rule_that_was_not_seen_failing() {
        assertThat(faults().map(Fault::rule).collect(Collectors.toSet())).isEqualTo(RULES.keySet());
    }

    static List<String> rules() {
        return List.copyOf(RULES.keySet());
    }

    static Stream<Fault> faults() {
        return Stream.of(
                Fault.breaks(JSON, "\"periodOverride\": \"inherit\",", "\"periodOverride\": \"inherit\""),
                Fault.breaks(FULL, "\"x\": 6, \"y\": 5, \"width\": 6", "\"x\": 6, \"y\": 5, \"width\": 7"),
                Fault.breaks(FULL, "\"x\": 6, \"y\": 5, \"width\": 6", "\"x\": 6, \"y\": 5, \"width\": 5"),
                Fault.breaks(FULL, "\"x\": 18, \"y\": 5, \"width\": 6", "\"x\": 19, \"y\": 5, \"width\": 6"),
                Fault.breaks(A_ROW_EACH, "## Queue:", "## Message:"),
                Fault.breaks(ALARMS, "\"${FeedLagAlarm.Arn}\",", ""),
                Fault.breaks(ALARMS, "${OfTheAudit}", ""),
                Fault.breaks(SENT, "\"4xx\", \"ApiId\"", "\"4xx\", \"ApiName\""),
                Fault.breaks(SENT, "\"SystemErrors\", \"TableName\"", "\"SystemErrors\", \"Table\""),
                Fault.breaks(SHOWN, "[\"Stepstile\", \"STALE_REFUSED\"", "[\"Stepstile\", \"STALE_RESULTS\""),
                Fault.breaks(
                        STATS,
                        "{\"stat\": \"SampleCount\", \"label\": \"calls\"}",
                        "{\"stat\": \"Sum\", \"label\": \"calls\"}"));
    }
}
