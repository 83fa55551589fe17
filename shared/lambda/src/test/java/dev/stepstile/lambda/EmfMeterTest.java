package dev.stepstile.lambda;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.stepstile.codec.Json;
import dev.stepstile.usecase.Gauge;
import dev.stepstile.usecase.Measure;
import dev.stepstile.usecase.Metric;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** What CloudWatch takes of a line in its embedded metric format, by the format's specification. */
class EmfMeterTest {
    private static final Instant NOW = Instant.parse("2026-11-30T08:00:00.123Z");
    private static final int METRICS = 100;
    private static final int VALUES = 100;
    private static final int BYTES = 1_000_000;

    private final EmfMeter meter = new EmfMeter(InstantSource.fixed(NOW), Map.of("POWERTOOLS_SERVICE_NAME", "a-stack"));

    private List<JsonNode> printed() {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        PrintStream before = System.out;
        System.setOut(new PrintStream(out, true, StandardCharsets.UTF_8));
        try {
            meter.flush();
        } finally {
            System.setOut(before);
        }
        return out.toString(StandardCharsets.UTF_8)
                .lines()
                .map(EmfMeterTest::accepted)
                .toList();
    }

    private static JsonNode accepted(String text) {
        assertThat(text.getBytes(StandardCharsets.UTF_8)).hasSizeLessThan(BYTES);
        JsonNode line = Json.parse(text);
        assertThat(line.path("_aws").path("Timestamp").asLong()).isEqualTo(NOW.toEpochMilli());
        assertThat(line.path("_aws").path("CloudWatchMetrics")).hasSize(1);
        JsonNode directive = line.path("_aws").path("CloudWatchMetrics").path(0);
        assertThat(directive.path("Namespace").asText()).isEqualTo("Stepstile");
        assertThat(directive.path("Dimensions")).hasSize(1);
        Set<String> members = new TreeSet<>(Set.of("_aws"));
        for (JsonNode dimension : directive.path("Dimensions").path(0)) {
            assertThat(line.path(dimension.asText()).isTextual()).isTrue();
            assertThat(line.path(dimension.asText()).asText()).isNotBlank().hasSizeLessThanOrEqualTo(1024);
            members.add(dimension.asText());
        }
        assertThat(directive.path("Metrics").size()).isBetween(1, METRICS);
        for (JsonNode metric : directive.path("Metrics")) {
            assertThat(metric.path("Unit").asText()).isIn("Count", "Seconds");
            JsonNode value = line.path(metric.path("Name").asText());
            if (value.isArray()) {
                assertThat(value.size()).isBetween(1, VALUES);
                assertThat(value).allMatch(JsonNode::isNumber);
            } else {
                assertThat(value.isNumber()).isTrue();
            }
            members.add(metric.path("Name").asText());
        }
        List<String> names = new ArrayList<>();
        line.fieldNames().forEachRemaining(names::add);
        assertThat(names).as("nothing else, and each once").containsExactlyInAnyOrderElementsOf(members);
        return line;
    }

    @Test
    void a_line_with_everything_is_one_that_the_format_takes() {
        Stream.of(Metric.values()).forEach(meter::add);
        Stream.of(Gauge.values()).forEach(gauge -> meter.set(gauge, 0));
        Stream.of(Measure.values()).forEach(measure -> meter.measure(measure, Duration.ofMillis(1)));

        assertThat(printed()).hasSize(1);
        assertThat(printed()).as("nothing since").isEmpty();
    }

    @Test
    void more_values_than_a_line_takes_are_in_several_each_once_and_counts_in_the_first() {
        meter.add(Metric.STEPS_CLAIMED, 340);
        List<Double> measured = new ArrayList<>();
        for (int i = 0; i < 240; i++) {
            meter.measure(Measure.HANDLER_DURATION, i % 2 == 0 ? "even" : "odd", Duration.ofMillis(i));
            measured.add(i / 1000.0);
        }
        for (int i = 0; i < 100; i++) {
            meter.measure(Measure.STEP_WAIT, Duration.ofSeconds(i));
        }
        List<Double> durations = new ArrayList<>();
        List<Double> waits = new ArrayList<>();
        long claimed = 0;
        for (JsonNode line : printed()) {
            line.path("HANDLER_DURATION").forEach(value -> durations.add(value.asDouble()));
            line.path("STEP_WAIT").forEach(value -> waits.add(value.asDouble()));
            claimed += line.path("STEPS_CLAIMED").asLong();
            assertThat(line.has("Handler")).isEqualTo(line.has("HANDLER_DURATION"));
        }
        assertThat(durations).containsExactlyInAnyOrderElementsOf(measured);
        assertThat(waits).hasSize(100).doesNotHaveDuplicates();
        assertThat(claimed).isEqualTo(340);
    }
}
