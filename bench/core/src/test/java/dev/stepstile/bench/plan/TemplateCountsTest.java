package dev.stepstile.bench.plan;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
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
