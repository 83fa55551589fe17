package dev.stepstile.functions;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.NullNode;
import dev.stepstile.codec.Json;
import dev.stepstile.usecase.Gauge;
import dev.stepstile.usecase.Measure;
import dev.stepstile.usecase.Metric;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the functions emit, as CloudWatch reads it from their output; and what the template names of it. */
class EmittedMetricsTest {
    private static final String SERVICE = "the-stack";

    @TempDir
    static Path folder;

    /** As CloudWatch would list it. */
    private record Emitted(String namespace, Set<String> dimensions, String unit) {}

    private static final SortedMap<String, Emitted> EMITTED = new TreeMap<>();

    private static final Set<String> HANDLERS = new TreeSet<>();

    @BeforeAll
    static void invoke() throws IOException, InterruptedException {
        List<String> printed =
                FunctionProcess.printedBy(EveryMetric.class, folder, Map.of("POWERTOOLS_SERVICE_NAME", SERVICE));
        printed.stream().filter(line -> line.contains("\"_aws\"")).forEach(EmittedMetricsTest::read);
    }

    private static void read(String line) {
        JsonNode emitted = Json.parse(line);
        for (JsonNode directive : emitted.path("_aws").path("CloudWatchMetrics")) {
            assertThat(directive.path("Dimensions")).as(line).hasSize(1);
            Set<String> dimensions = new TreeSet<>();
            directive.path("Dimensions").path(0).forEach(name -> dimensions.add(name.asText()));
            assertThat(emitted.path("Service").asText()).isEqualTo(SERVICE);
            HANDLERS.add(emitted.path("Handler").asText("none"));
            for (JsonNode metric : directive.path("Metrics")) {
                String name = metric.path("Name").asText();
                Emitted as = new Emitted(
                        directive.path("Namespace").asText(),
                        dimensions,
                        metric.path("Unit").asText());
                assertThat(emitted.has(name)).as(line).isTrue();
                assertThat(EMITTED.getOrDefault(name, as)).as(name).isEqualTo(as);
                EMITTED.put(name, as);
            }
        }
    }

    @Test
    void are_all_that_the_code_counts_and_measures() {
        Set<String> named = new TreeSet<>();
        Stream.of(Metric.values()).map(Enum::name).forEach(named::add);
        Stream.of(Measure.values()).map(Enum::name).forEach(named::add);
        Stream.of(Gauge.values()).map(Enum::name).forEach(named::add);
        assertThat(EMITTED.keySet()).isEqualTo(named);
    }

    @Test
    void are_counts_or_seconds_of_the_stack_as_a_whole_or_of_a_handler() {
        Stream.of(Metric.values(), Gauge.values())
                .flatMap(Stream::of)
                .forEach(count -> assertThat(EMITTED.get(count.name()))
                        .isEqualTo(new Emitted("Stepstile", Set.of("Service"), "Count")));
        for (Measure measure : Measure.values()) {
            Set<String> dimensions =
                    measure == Measure.HANDLER_DURATION ? Set.of("Service", "Handler") : Set.of("Service");
            assertThat(EMITTED.get(measure.name())).isEqualTo(new Emitted("Stepstile", dimensions, "Seconds"));
        }
        assertThat(HANDLERS).isEqualTo(Set.of("none", "by-key", "patient"));
    }

    @Test
    void are_what_the_alarms_and_the_dashboard_name_with_the_same_dimensions_and_units() {
        assertThat(problems(Template.parse(Template.text()))).isEmpty();
    }

    @Test
    void are_missed_under_another_name_dimension_unit_or_service() {
        for (TemplateTest.Fault fault : List.of(
                TemplateTest.Fault.breaks("name", "MetricName: OLDEST_WAIT", "MetricName: OLDEST_STEP"),
                TemplateTest.Fault.breaks("dimension", "{ Name: Service, Value:", "{ Name: Stack, Value:"),
                TemplateTest.Fault.breaks("graph", "\"FEED_LAG\", \"Service\"", "\"FEED_LAGS\", \"Service\""),
                TemplateTest.Fault.breaks("unit", "Unit: Seconds", "Unit: Milliseconds"),
                TemplateTest.Fault.breaks(
                        "service",
                        "POWERTOOLS_SERVICE_NAME: !Ref AWS::StackName",
                        "POWERTOOLS_SERVICE_NAME: stepstile"),
                TemplateTest.Fault.breaks("namespace", "METRICS_NAMESPACE: Stepstile", "METRICS_NAMESPACE: Steps"))) {
            assertThat(problems(fault.seeded())).as(fault.toString()).isNotEmpty();
        }
    }

    /** What the template names of the code's own metrics, and nothing emits. */
    private static List<String> problems(Template template) {
        Map<String, JsonNode> environment = template.environment("SweeperFunction");
        String service = WatchedMetric.value(environment.getOrDefault("POWERTOOLS_SERVICE_NAME", NullNode.instance));
        String namespace = environment
                .getOrDefault("POWERTOOLS_METRICS_NAMESPACE", NullNode.instance)
                .asText();
        List<WatchedMetric> named = Stream.concat(
                        template.ofType(AlarmRules.ALARM).keySet().stream()
                                .flatMap(alarm -> WatchedMetric.ofAlarm(template, alarm).stream()),
                        Dashboard.of(template).metrics().stream())
                .filter(metric -> !metric.namespace().startsWith("AWS/"))
                .toList();
        assertThat(named).isNotEmpty();
        return named.stream()
                .filter(metric -> !isEmitted(metric, namespace, service))
                .map(WatchedMetric::toString)
                .toList();
    }

    private static boolean isEmitted(WatchedMetric metric, String namespace, String service) {
        Emitted emitted = EMITTED.get(metric.name());
        return emitted != null
                && metric.namespace().equals(namespace)
                && metric.dimensions().keySet().equals(emitted.dimensions())
                && service.equals(metric.dimensions().get("Service"))
                && (metric.unit().isEmpty() || metric.unit().equals(emitted.unit()));
    }
}
