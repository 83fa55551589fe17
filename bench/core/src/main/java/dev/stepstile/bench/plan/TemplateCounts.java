package dev.stepstile.bench.plan;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Objects;
import java.util.regex.Pattern;

/**
 * Resources of the SAM template that cost the same in each month, of those that are there whatever the parameters are.
 *
 * @param alarmMetrics metrics that alarms watch: an alarm over several is charged for each
 */
public record TemplateCounts(int alarmMetrics, int dashboards) {
    private static final Pattern RESOURCE = Pattern.compile("(?m)^ {2}\\w+:\\n(?: {4}.*\\n| *#.*\\n|\\n)*");
    private static final Pattern ALARM = Pattern.compile("(?m)^ {4}Type: AWS::CloudWatch::(?:Composite)?Alarm$");
    private static final Pattern CONDITION = Pattern.compile("(?m)^ {4}Condition: ");
    private static final Pattern DASHBOARD = Pattern.compile("(?m)^ {4}Type: AWS::CloudWatch::Dashboard$");
    private static final Pattern METRIC = Pattern.compile("\\bMetricName:");

    /** Of the template that this was built with. */
    public static TemplateCounts load() {
        try (InputStream file = Objects.requireNonNull(TemplateCounts.class.getResourceAsStream("/template.yaml"))) {
            return of(new String(file.readAllBytes(), StandardCharsets.UTF_8));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static TemplateCounts of(String template) {
        int metrics = 0;
        int dashboards = 0;
        for (String resource :
                RESOURCE.matcher(template).results().map(found -> found.group()).toList()) {
            if (CONDITION.matcher(resource).find()) {
                continue;
            }
            if (ALARM.matcher(resource).find()) {
                // One without a metric of its own, such as an alarm over alarms, is charged too.
                metrics += Math.max(1, (int) METRIC.matcher(resource).results().count());
            } else if (DASHBOARD.matcher(resource).find()) {
                dashboards++;
            }
        }
        return new TemplateCounts(metrics, dashboards);
    }
}
