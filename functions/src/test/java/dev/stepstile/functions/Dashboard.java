package dev.stepstile.functions;

import com.fasterxml.jackson.databind.JsonNode;
import dev.stepstile.codec.Json;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The template's dashboard, as CloudWatch reads it once CloudFormation has put the stack's names into it, and all that may be. */
record Dashboard(JsonNode body) {
    /** How wide CloudWatch's grid is. */
    static final int COLUMNS = 24;

    private static final Pattern NAMED = Pattern.compile("\\$\\{([\\w:.]+)}");
    /** https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/search-expression-syntax.html */
    private static final Pattern SEARCH = Pattern.compile(
            "SEARCH\\('\\{(\\w+),([\\w,]+)} MetricName=\"(\\w+)\" (\\w+)=\"([^\"]+)\"', '(\\w+)', (\\d+)\\)");

    private static final Pattern REFERENCE = Pattern.compile("<([\\w:]+)>");

    /** @throws Json.BadJson if it is no JSON */
    static Dashboard of(Template template) {
        JsonNode text = template.properties("Dashboard").path("DashboardBody").path("Fn::Sub");
        return new Dashboard(Json.parse(named(template, text.path(0).asText(), text.path(1))));
    }

    /** @param own the names that the text explains itself */
    private static String named(Template template, String text, JsonNode own) {
        return NAMED.matcher(text).replaceAll(found -> {
            JsonNode parameter = template.parameter(found.group(1));
            JsonNode part = own.path(found.group(1)).path("Fn::If").path(1).path("Fn::Sub");
            return part.isTextual()
                    ? named(template, part.asText(), own)
                    : parameter.path("Type").asText().equals("Number")
                            ? parameter.path("Default").asText()
                            : "<" + found.group(1) + ">";
        });
    }

    List<JsonNode> widgets(String type) {
        List<JsonNode> widgets = new ArrayList<>();
        body.path("widgets").forEach(widget -> {
            if (widget.path("type").asText().equals(type)) {
                widgets.add(widget);
            }
        });
        return widgets;
    }

    /** The metrics of all graphs. */
    List<WatchedMetric> metrics() {
        List<WatchedMetric> metrics = new ArrayList<>();
        for (JsonNode graph : widgets("metric")) {
            JsonNode properties = graph.path("properties");
            properties.path("metrics").forEach(metric -> metrics.add(metric(metric, properties)));
        }
        return metrics;
    }

    /** The dimension whose value is left open has an empty one. */
    private static WatchedMetric searched(String expression) {
        Matcher search = SEARCH.matcher(expression);
        if (!search.matches()) {
            throw new Json.BadJson("no search that is known: " + expression);
        }
        SortedMap<String, String> dimensions = new TreeMap<>();
        for (String name : search.group(2).split(",", -1)) {
            dimensions.put(name, "");
        }
        dimensions.put(
                search.group(4),
                REFERENCE.matcher(search.group(5)).replaceAll(found -> "{\"Ref\":\"" + found.group(1) + "\"}"));
        int period = Integer.parseInt(search.group(7));
        return new WatchedMetric(search.group(1), search.group(3), dimensions, search.group(6), period, "");
    }

    /** Namespace and name, the dimensions' names and values, and how it is shown; or a search for all of a name. */
    private static WatchedMetric metric(JsonNode metric, JsonNode graph) {
        if (metric.path(0).has("expression")) {
            return searched(metric.path(0).path("expression").asText());
        }
        int shown = metric.size() - 1;
        SortedMap<String, String> dimensions = new TreeMap<>();
        for (int i = 2; i + 1 < shown; i += 2) {
            String value = metric.path(i + 1).asText();
            dimensions.put(
                    metric.path(i).asText(),
                    REFERENCE.matcher(value).replaceAll(found -> "{\"Ref\":\"" + found.group(1) + "\"}"));
        }
        return new WatchedMetric(
                metric.path(0).asText(),
                metric.path(1).asText(),
                dimensions,
                metric.path(shown).path("stat").asText(),
                graph.path("period").asInt(),
                "");
    }
}
