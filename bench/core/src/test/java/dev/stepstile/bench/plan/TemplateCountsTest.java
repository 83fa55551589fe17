package dev.stepstile.bench.plan;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

class TemplateCountsTest {
    @Test
    void an_alarm_counts_once_for_each_metric_that_it_watches() {
        TemplateCounts counts = TemplateCounts.of("""
                Resources:
                  One:
                    Type: AWS::CloudWatch::Alarm
                    Properties:
                      MetricName: Depth

                  # Of two metrics.
                  Two:
                    Type: AWS::CloudWatch::Alarm
                    Properties:
                      Metrics:
                        - MetricStat: { Metric: { MetricName: Invocations } }
                        # without what failed
                        - MetricStat: { Metric: { MetricName: Errors } }
                  Asked:
                    Type: AWS::CloudWatch::Alarm
                    Condition: IsAskedFor
                    Properties:
                      MetricName: Violations
                  Over:
                    Type: AWS::CloudWatch::CompositeAlarm
                    Properties:
                      AlarmRule: ALARM(One)
                  Board:
                    Type: AWS::CloudWatch::Dashboard
                    Properties:
                      DashboardBody: '{"MetricName: not one"}'
                  Function:
                    Type: AWS::Serverless::Function
                    Properties:
                      MetricName: of nothing

                Outputs:
                  Board:
                    Value: none
                """);
        assertThat(counts).isEqualTo(new TemplateCounts(1 + 2 + 1, 1));
    }

    /** The default of a parameter. */
    private static double parameter(String template, String name) {
        Matcher found = Pattern.compile("(?m)^ {2}" + name + ":\\n(?: {4}.*\\n)*? {4}Default: (\\d+)$")
                .matcher(template);
        assertThat(found.find()).as(name).isTrue();
        return Double.parseDouble(found.group(1));
    }

    @Test
    void the_template_has_by_default_what_a_plan_assumes() throws IOException {
        String template = Files.readString(Path.of("..", "..", "template.yaml"));
        assertThat(template).contains("    MemorySize: " + Plan.OTHERS_MB + "\n");
        assertThat(parameter(template, "DispatchMemory")).isEqualTo(Plan.OTHERS_MB);
        assertThat(parameter(template, "RunsMemory")).isEqualTo(Plan.OTHERS_MB);
        assertThat(parameter(template, "RetentionDays") / 30).isEqualTo(Plan.RECORDS_MONTHS);
        assertThat(parameter(template, "LogRetentionDays") / 30).isEqualTo(Plan.LOGS_MONTHS);
        assertThat(template).contains("ExpirationInDays: " + Math.round(30 * Plan.PAYLOADS_MONTHS) + "\n");
        assertThat(template).contains("BatchSize: " + Workload.MOST_IN_A_BATCH + "\n");
    }

    @Test
    void the_template_that_is_built_in_is_the_checkouts_and_its_alarms_are_found() throws IOException {
        String template = Files.readString(Path.of("..", "..", "template.yaml"));
        long alarms = Pattern.compile("Type: AWS::CloudWatch::Alarm\\b")
                .matcher(template)
                .results()
                .count();
        assertThat(TemplateCounts.load()).isEqualTo(TemplateCounts.of(template));
        assertThat((long) TemplateCounts.load().alarmMetrics()).isGreaterThanOrEqualTo(alarms);
        assertThat(alarms).isPositive();
    }
}
