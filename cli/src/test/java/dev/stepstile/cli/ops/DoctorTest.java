package dev.stepstile.cli.ops;

import static org.assertj.core.api.Assertions.assertThat;

import dev.stepstile.cli.run.InThisJvm;
import dev.stepstile.codec.Json;
import dev.stepstile.testing.ScriptedApi;
import dev.stepstile.testing.ScriptedApi.Answer;
import java.io.IOException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** {@code doctor}, of a deployed stack against stand-ins of the four services that it asks. */
@Timeout(value = 3, unit = TimeUnit.MINUTES)
class DoctorTest {
    private static final Answer NO_RUN = Answer.of(
            404,
            "application/problem+json",
            "{\"type\":\"https://stepstile.dev/problems/run-not-found\",\"status\":404,\"detail\":\"No such run.\"}");

    /** What is deployed, as the services describe it. */
    private record Account(String stackStatus, int hiddenSeconds, String feedIndex, List<Map<String, String>> alarms) {
        static final Account HEALTHY = new Account("UPDATE_COMPLETE", 1080, "ACTIVE", List.of());

        private Answer answer(ScriptedApi.Call call, String endpoint) {
            String target = call.headers().getOrDefault("x-amz-target", "");
            if (call.target().contains("/operation/DescribeAlarms")) {
                return new Answer(
                        200,
                        Cbor.of(Map.of("MetricAlarms", alarms)),
                        Map.of("content-type", "application/cbor", "smithy-protocol", "rpc-v2-cbor"));
            }
            if (target.equals("AmazonSQS.GetQueueAttributes")) {
                return Answer.of(
                        200,
                        "application/x-amz-json-1.0",
                        attributes(call.body().contains("/dead")));
            }
            if (target.equals("DynamoDB_20120810.DescribeTable")) {
                return Answer.of(
                        200,
                        "application/x-amz-json-1.0",
                        "{\"Table\":{\"TableName\":\"t\",\"TableStatus\":\"ACTIVE\",\"GlobalSecondaryIndexes\":["
                                + "{\"IndexName\":\"open\",\"IndexStatus\":\"ACTIVE\"},"
                                + "{\"IndexName\":\"feed\",\"IndexStatus\":\"" + feedIndex + "\"}]}}");
            }
            if (call.body().contains("Action=DescribeStacks")) {
                return Answer.of(200, "text/xml", stack(endpoint));
            }
            return NO_RUN;
        }

        private String attributes(boolean dead) {
            return dead
                    ? "{\"Attributes\":{\"MessageRetentionPeriod\":\"1209600\"}}"
                    : "{\"Attributes\":{\"VisibilityTimeout\":\"" + hiddenSeconds
                            + "\",\"RedrivePolicy\":\"{}\",\"ApproximateNumberOfMessages\":\"3\","
                            + "\"ApproximateNumberOfMessagesNotVisible\":\"1\"}}";
        }

        private String stack(String endpoint) {
            String outputs = Map.of(
                            "ApiUrl",
                            endpoint,
                            "QueueUrl",
                            endpoint + "/1/steps",
                            "DeadLetterQueueUrl",
                            endpoint + "/1/dead",
                            "TableName",
                            "t")
                    .entrySet()
                    .stream()
                    .map(output -> "<member><OutputKey>" + output.getKey() + "</OutputKey><OutputValue>"
                            + output.getValue() + "</OutputValue></member>")
                    .collect(Collectors.joining());
            return "<DescribeStacksResponse><DescribeStacksResult><Stacks><member><StackName>steps</StackName>"
                    + "<CreationTime>2026-11-24T08:00:00Z</CreationTime><StackStatus>" + stackStatus
                    + "</StackStatus><Outputs>" + outputs
                    + "</Outputs></member></Stacks></DescribeStacksResult></DescribeStacksResponse>";
        }
    }

    private static CommandProcess examined(Account account) throws IOException, InterruptedException {
        String[] endpoint = {""};
        try (ScriptedApi aws = new ScriptedApi(call -> account.answer(call, endpoint[0]))) {
            endpoint[0] = aws.endpoint().toString();
            Map<String, String> environment = new HashMap<>(Map.of(
                    "AWS_ENDPOINT_URL", endpoint[0],
                    "AWS_ACCESS_KEY_ID", "AKIA",
                    "AWS_SECRET_ACCESS_KEY", "secret",
                    "AWS_REGION", "eu-west-1",
                    "AWS_MAX_ATTEMPTS", "1"));
            return CommandProcess.run(environment, "doctor", "--stack", "steps");
        }
    }

    @Test
    @Tag("integration")
    void a_healthy_stack_has_nothing_wrong() throws Exception {
        CommandProcess ended = examined(Account.HEALTHY);

        assertThat(ended.status()).as(ended.out() + ended.err()).isZero();
        assertThat(ended.out().lines().filter(line -> line.startsWith("ok ")).map(line -> line.split("  +", -1)[1]))
                .startsWith("stack", "queue", "dead-letter queue", "indexes", "alarms", "API");
        assertThat(ended.out()).contains("3 wait, 1 are with workers", "Nothing is wrong.");
    }

    @Test
    @Tag("integration")
    void what_is_wrong_with_a_stack_is_said_with_what_to_do() throws Exception {
        CommandProcess ended = examined(new Account(
                "UPDATE_ROLLBACK_COMPLETE",
                30,
                "CREATING",
                List.of(Map.of(
                        "AlarmName", "steps-SweeperAlarm-1", "AlarmDescription", "No sweep.", "StateValue", "ALARM"))));

        assertThat(ended.status()).as(ended.out() + ended.err()).isEqualTo(Exit.NO);
        assertThat(ended.out())
                .contains("WRONG  stack", "UPDATE_ROLLBACK_COMPLETE", "describe-stack-events --stack-name steps")
                .contains("WRONG  queue", "hides a message for 30 s only")
                .contains("WRONG  indexes", "feed=CREATING")
                .contains("WRONG  alarms", "steps-SweeperAlarm-1: No sweep.", "docs/operations.md#alarms");
    }

    @Test
    @Tag("integration")
    void what_the_credentials_may_not_read_is_said_and_is_no_finding() throws Exception {
        String[] endpoint = {""};
        try (ScriptedApi aws = new ScriptedApi(
                call -> call.headers().getOrDefault("x-amz-target", "").contains("SQS")
                        ? Answer.of(
                                403, "application/x-amz-json-1.0", "{\"__type\":\"AccessDenied\",\"message\":\"no\"}")
                        : Account.HEALTHY.answer(call, endpoint[0]))) {
            endpoint[0] = aws.endpoint().toString();
            CommandProcess ended = CommandProcess.run(
                    Map.of(
                            "AWS_ENDPOINT_URL", endpoint[0],
                            "AWS_ACCESS_KEY_ID", "AKIA",
                            "AWS_SECRET_ACCESS_KEY", "secret",
                            "AWS_REGION", "eu-west-1",
                            "AWS_MAX_ATTEMPTS", "1"),
                    "doctor",
                    "--stack",
                    "steps",
                    "--json");

            assertThat(ended.status()).as(ended.out() + ended.err()).isZero();
            assertThat(ended.out().lines().map(Json::parse))
                    .filteredOn(finding -> finding.path("check").asText().endsWith("queue"))
                    .hasSize(2)
                    .allMatch(finding -> finding.path("level").asText().equals("UNKNOWN")
                            && finding.path("todo").asText().contains("sqs:GetQueueAttributes"));
        }
    }

    @Test
    void an_API_that_does_not_answer_is_told_with_how_to_start_one() {
        InThisJvm ended = InThisJvm.run("doctor", "--endpoint", "http://127.0.0.1:9", "--patience", "1");

        assertThat(ended.status()).isEqualTo(Exit.NOT_REACHED);
        assertThat(ended.out()).contains("WRONG  API", "./stepstile local");
    }

    @Test
    void credentials_that_are_refused_are_told_with_how_to_get_others() throws Exception {
        try (ScriptedApi api =
                new ScriptedApi(_ -> Answer.of(403, "application/json", "{\"message\":\"Forbidden\"}"))) {
            InThisJvm ended = InThisJvm.run("doctor", "--endpoint", api.endpoint());

            assertThat(ended.status()).isEqualTo(Exit.NOT_REACHED);
            assertThat(ended.out()).contains("WRONG  credentials", "--profile");
        }
    }

    @Test
    void another_server_is_told_from_Stepstile() throws Exception {
        try (ScriptedApi api = new ScriptedApi(_ -> Answer.of(200, "text/html", "<html>"))) {
            InThisJvm ended = InThisJvm.run("doctor", "--endpoint", api.endpoint());

            assertThat(ended.status()).isEqualTo(Exit.NOT_REACHED);
            assertThat(ended.out()).contains("WRONG  API", "Is " + api.endpoint() + " Stepstile?");
        }
    }

    private static InThisJvm examinedWhereAuditsCount(
            String completed, String failed, boolean failing, String violations)
            throws IOException, InterruptedException {
        String metrics = "# HELP stepstile_audits_completed_total Parts.\n"
                + "stepstile_audits_completed_total " + completed
                + "\nstepstile_audits_failed_total " + failed
                + "\nstepstile_audit_failing " + (failing ? "1" : "0")
                + "\nstepstile_audit_violations_total " + violations + "\n";
        try (ScriptedApi api = new ScriptedApi(
                call -> call.target().equals("/metrics") ? Answer.of(200, "text/plain", metrics) : NO_RUN)) {
            return InThisJvm.run("doctor", "--endpoint", api.endpoint());
        }
    }

    @Test
    void audits_that_fail_on_this_machine_are_told_and_so_is_what_they_found() throws Exception {
        InThisJvm failing = examinedWhereAuditsCount("3", "2", true, "7");
        assertThat(failing.status()).isEqualTo(Exit.NO);
        assertThat(failing.out()).contains("WRONG  audit", "the newest part of the audit", "2 of 5 parts");

        InThisJvm goesOn = examinedWhereAuditsCount("4", "2", false, "0");
        assertThat(goesOn.status()).as(goesOn.out()).isZero();
        assertThat(goesOn.out())
                .contains("ok     audit", "2 of 6 parts of the audit of all runs failed, and the newest");

        InThisJvm found = examinedWhereAuditsCount("5", "0", false, "7");
        assertThat(found.status()).isEqualTo(Exit.NO);
        assertThat(found.out()).contains("WRONG  audit", "reported 7 violations", "./stepstile audit --all");

        InThisJvm well = examinedWhereAuditsCount("5", "0", false, "0");
        assertThat(well.status()).as(well.out()).isZero();
        assertThat(well.out()).contains("ok     audit");

        InThisJvm none = examinedWhereAuditsCount("0", "0", false, "0");
        assertThat(none.status()).isZero();
        assertThat(none.out()).doesNotContain("audit");
    }
}
