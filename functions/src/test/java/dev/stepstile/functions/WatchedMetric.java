package dev.stepstile.functions;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * A metric that an alarm or the dashboard names.
 *
 * @param dimensions their values: text, or a reference as JSON
 * @param stat as CloudWatch names it
 * @param period in seconds
 * @param unit empty if any is meant
 */
record WatchedMetric(
        String namespace, String name, SortedMap<String, String> dimensions, String stat, int period, String unit) {

    static List<WatchedMetric> ofAlarm(Template template, String alarm) {
        JsonNode properties = template.properties(alarm);
        List<WatchedMetric> watched = new ArrayList<>();
        if (properties.has("MetricName")) {
            JsonNode stat =
                    properties.has("Statistic") ? properties.path("Statistic") : properties.path("ExtendedStatistic");
            watched.add(of(properties, stat, properties));
        }
        for (JsonNode query : properties.path("Metrics")) {
            JsonNode counted = query.path("MetricStat");
            if (!counted.isMissingNode()) {
                watched.add(of(counted.path("Metric"), counted.path("Stat"), counted));
            }
        }
        return watched;
    }

    private static WatchedMetric of(JsonNode metric, JsonNode stat, JsonNode query) {
        SortedMap<String, String> dimensions = new TreeMap<>();
        for (JsonNode dimension : metric.path("Dimensions")) {
            dimensions.put(dimension.path("Name").asText(), value(dimension.path("Value")));
        }
        return new WatchedMetric(
                metric.path("Namespace").asText(),
                metric.path("MetricName").asText(),
                dimensions,
                stat.asText(),
                query.path("Period").asInt(),
                query.path("Unit").asText());
    }

    /** A text as it is, a reference as JSON. */
    static String value(JsonNode value) {
        return value.isTextual() ? value.asText() : value.toString();
    }

    /** Whether AWS sends it. */
    boolean isSent() {
        return AwsMetrics.isSent(namespace, name, dimensions.keySet());
    }
}
