package dev.stepstile.functions;

import static org.assertj.core.api.Assertions.assertThat;

import dev.stepstile.functions.TemplateTest.Fault;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The template's alarms. */
class AlarmsTest {
    private static final String ADVICE = "an alarm says what to do, and notifies the topic";
    private static final String NEW_STACK = "a new stack sets off no alarm";
    private static final String FUNCTIONS = "each function has an alarm of its errors and one of its throttles";
    private static final String SENT = "an alarm watches what AWS sends, with its dimensions";
    private static final String EXPRESSIONS = "an expression uses each of its metrics, and no other";
    private static final String TABLE =
            "the alarms of the table watch its indexes, and the operations that the roles allow";
    private static final String DURATION = "the alarm of the duration has the step function's timeout";
    private static final String RAISED = "an alarm can be raised";

    @ParameterizedTest(name = "{0}")
    @MethodSource("rules")
    void keep_to(String rule) {
        assertThat(AlarmRules.problems(rule, Template.parse(Template.text()))).isEmpty();
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("faults")
    void with_a_fault_break_their_rule(Fault fault) {
        assertThat(AlarmRules.problems(fault.rule(), fault.seeded())).isNotEmpty();
    }

    @Test
    void have_no_rule_that_was_not_seen_failing() {
        Set<String> seen = new TreeSet<>();
        faults().forEach(fault -> seen.add(fault.rule()));
        assertThat(seen).isEqualTo(new TreeSet<>(AlarmRules.names()));
    }

    static List<String> rules() {
        return List.copyOf(AlarmRules.names());
    }

    static Stream<Fault> faults() {
        return Stream.of(
                Fault.breaks(ADVICE, " (GET /v1/dead-letters); POST /v1/dead-letters/redrive runs it again.", ""),
                Fault.breaks(
                        ADVICE,
                        "AlarmActions: !If [HasAlarmTopic, [!Ref AlarmTopicArn]",
                        "AlarmActions: !If [HasAlarmTopic, []"),
                Fault.breaks(NEW_STACK, "TreatMissingData: notBreaching", "TreatMissingData: breaching"),
                Fault.breaks(NEW_STACK, "      TreatMissingData: notBreaching\n", ""),
                Fault.breaks(
                        NEW_STACK,
                        "      TreatMissingData: notBreaching\n",
                        "      TreatMissingData: notBreaching\n      InsufficientDataActions: [!Ref AlarmTopicArn]\n"),
                Fault.breaks(FUNCTIONS, "  RunsErrorsAlarm:", "  RunErrorsAlarm:"),
                Fault.breaks(
                        FUNCTIONS, "!If [StepIsZip, !Ref StepFunction, !Ref StepImageFunction]", "!Ref StepFunction"),
                Fault.breaks(FUNCTIONS, "MetricName: Throttles", "MetricName: Invocations"),
                Fault.breaks(SENT, "MetricName: 5xx", "MetricName: 5XXError"),
                Fault.breaks(SENT, "Name: ApiId", "Name: ApiName"),
                Fault.breaks(SENT, "MetricName: SystemErrors", "MetricName: ThrottledRequests"),
                Fault.breaks(SENT, ", { Name: Operation, Value: GetItem }", ""),
                Fault.breaks(EXPRESSIONS, "100 * errors / invocations", "100 * error / invocations"),
                Fault.breaks(EXPRESSIONS, "FILL(writesOfFeed, 0)", "0"),
                Fault.breaks(EXPRESSIONS, "          ReturnData: false\n", ""),
                Fault.breaks(TABLE, "GlobalSecondaryIndexName, Value: open", "GlobalSecondaryIndexName, Value: closed"),
                Fault.breaks(TABLE, "- IndexName: feed", "- IndexName: ends"),
                Fault.breaks(TABLE, "Name: Operation, Value: Query", "Name: Operation, Value: Scan"),
                Fault.breaks(DURATION, "(1000 * ${StepTimeout})", "(1000 * ${LeaseSeconds})"),
                Fault.breaks(RAISED, "DatapointsToAlarm: 2", "DatapointsToAlarm: 6"),
                Fault.breaks(RAISED, "Period: 60", "Period: 300"),
                Fault.breaks(RAISED, "Period: 3600", "Period: 60"),
                Fault.breaks(RAISED, "EvaluationPeriods: 26", "EvaluationPeriods: 169"));
    }
}
