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
 */
record WatchedMetric(String namespace, String name, SortedMap<String, String> dimensions, String stat, int period) {

    static List<WatchedMetric> ofAlarm(Template template, String alarm) {
        JsonNode properties = template.properties(alarm);
        List<WatchedMetric> watched = new ArrayList<>();
        if (properties.has("MetricName")) {
            JsonNode stat =
                    properties.has("Statistic") ? properties.path("Statistic") : properties.path("ExtendedStatistic");
            watched.add(of(properties, stat, properties.path("Period")));
        }
        for (JsonNode query : properties.path("Metrics")) {
            JsonNode counted = query.path("MetricStat");
            if (!counted.isMissingNode()) {
                watched.add(of(counted.path("Metric"), counted.path("Stat"), counted.path("Period")));
            }
        }
        return watched;
    }

    private static WatchedMetric of(JsonNode metric, JsonNode stat, JsonNode period) {
        SortedMap<String, String> dimensions = new TreeMap<>();
        for (JsonNode dimension : metric.path("Dimensions")) {
            JsonNode value = dimension.path("Value");
            dimensions.put(dimension.path("Name").asText(), value.isTextual() ? value.asText() : value.toString());
        }
        return new WatchedMetric(
                metric.path("Namespace").asText(),
                metric.path("MetricName").asText(),
                dimensions,
                stat.asText(),
                period.asInt());
    }

    /** Whether AWS sends it. */
    boolean isSent() {
        return AwsMetrics.isSent(namespace, name, dimensions.keySet());
    }
}
