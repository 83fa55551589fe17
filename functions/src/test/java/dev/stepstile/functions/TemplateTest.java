package dev.stepstile.functions;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class TemplateTest {
    private static final String TRACES = "spans are exported by the functions that have some, if they are asked for";

    /** A template with one thing wrong: {@code original} once replaced. */
    record Fault(String rule, String original, String replacement) {
        static Fault breaks(String rule, String original, String replacement) {
            return new Fault(rule, original, replacement);
        }

        Template seeded() {
            String good = Template.text();
            int at = good.indexOf(original);
            assertThat(at).as("the template still has: %s", original).isNotNegative();
            return Template.parse(good.substring(0, at) + replacement + good.substring(at + original.length()));
        }

        @Override
        public String toString() {
            return rule + ": " + replacement.strip().lines().findFirst().orElse("(left out)");
        }
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("rules")
    void keeps_to(String rule) {
        assertThat(TemplateRules.problems(rule, Template.parse(Template.text())))
                .isEmpty();
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("faults")
    void with_a_fault_breaks_its_rule(Fault fault) {
        assertThat(TemplateRules.problems(fault.rule(), fault.seeded())).isNotEmpty();
    }

    @Test
    void has_no_rule_that_was_not_seen_failing() {
        Set<String> seen = new TreeSet<>();
        faults().forEach(fault -> seen.add(fault.rule()));
        assertThat(seen).isEqualTo(new TreeSet<>(TemplateRules.names()));
    }

    static List<String> rules() {
        return List.copyOf(TemplateRules.names());
    }

    static Stream<Fault> faults() {
        return Stream.of(
                Fault.breaks("visibility is six times the timeout", "Seconds: 5400", "Seconds: 5399"),
                Fault.breaks("visibility is six times the timeout", "Seconds: 360 ", "Seconds: 60 "),
                Fault.breaks("visibility is six times the timeout", "600, 900]", "600, 900, 1200]"),
                Fault.breaks(
                        "visibility is six times the timeout",
                        "      VisibilityTimeout: !FindInMap [Visibility, !Ref StepTimeout, Seconds]\n",
                        ""),
                Fault.breaks("references resolve", "!FindInMap [Visibility", "!FindInMap [Visible"),
                Fault.breaks("references resolve", "${HandlersConfig} ${Account}", "${HandlersConfig} ${Owner}"),
                Fault.breaks(
                        "what all functions may follows from how the stack is set up",
                        "                - ec2:CreateNetworkInterface\n",
                        ""),
                Fault.breaks(
                        "what all functions may follows from how the stack is set up",
                        "Action: [kms:Decrypt, kms:GenerateDataKey]",
                        "Action: [kms:Decrypt, kms:GenerateDataKey, kms:CreateGrant]"),
                Fault.breaks(
                        "what all functions may follows from how the stack is set up",
                        "            - WritesToXRay\n            - Effect",
                        "            - InVpc\n            - Effect"),
                Fault.breaks(
                        "what all functions may follows from how the stack is set up",
                        "              StringEquals:\n                  kms:ViaService",
                        "              StringLike:\n                  kms:ViaService"),
                Fault.breaks(
                        "what holds something says what becomes of it",
                        "    Type: AWS::SQS::Queue\n    DeletionPolicy: Retain\n",
                        "    Type: AWS::SQS::Queue\n"),
                Fault.breaks(
                        "what holds something says what becomes of it",
                        "    Type: AWS::Logs::LogGroup\n    DeletionPolicy: Delete\n    UpdateReplacePolicy: Delete\n",
                        "    Type: AWS::Logs::LogGroup\n    DeletionPolicy: Delete\n"),
                Fault.breaks(
                        "queues and the bucket take encrypted calls alone",
                        "Queues: [!Ref DeadLetterQueue]",
                        "Queues: [!Ref StepQueue]"),
                Fault.breaks(
                        "queues and the bucket take encrypted calls alone", "Action: s3:*", "Action: s3:GetObject"),
                Fault.breaks(
                        "dead letters outlive messages",
                        "MessageRetentionPeriod: 1209600",
                        "MessageRetentionPeriod: 345600"),
                Fault.breaks("dead letters outlive messages", "      MessageRetentionPeriod: 1209600\n", ""),
                Fault.breaks("a batch may fail in part", "[ReportBatchItemFailures]", "[ReportBatchItemFailure]"),
                Fault.breaks(
                        "a batch may fail in part",
                        "            FunctionResponseTypes: [ReportBatchItemFailures]\n",
                        ""),
                Fault.breaks(
                        "concurrency is limited",
                        "            ScalingConfig: !If [HasPollers, !Ref 'AWS::NoValue', { MaximumConcurrency: !Ref StepConcurrency }]\n",
                        ""),
                Fault.breaks(
                        "concurrency is limited",
                        "ProvisionedPollerConfig: !If\n              - HasPollers\n",
                        "ProvisionedPollerConfig: !If\n              - InVpc\n"),
                Fault.breaks(
                        "concurrency is limited",
                        "    Default: 50\n    MinValue: 2\n",
                        "    Default: 50\n    MinValue: 1\n"),
                Fault.breaks(
                        "receives do not race the budget of attempts", "maxReceiveCount: 1000", "maxReceiveCount: 100"),
                Fault.breaks("references resolve", "!Ref StepQueue\n", "!Ref Queue\n"),
                Fault.breaks("references resolve", "Role: !GetAtt StepRole.Arn", "Role: !GetAtt StepsRole.Arn"),
                Fault.breaks("references resolve", "DeadLetterQueue.QueueName", "DeadLetterQueue.Name"),
                Fault.breaks(
                        "references resolve",
                        "'${Table.Arn}${TableSuffix}/index/open'",
                        "'${Tables.Arn}${TableSuffix}/index/open'"),
                Fault.breaks("references resolve", "!If [HasAlarmTopic,", "!If [HasTopic,"),
                Fault.breaks("references resolve", "  StepQueue:\n", "  StepQueue:\n    DependsOn: [Nothing]\n"),
                Fault.breaks(
                        "no right is on everything", "Resource: !Sub '${Table.Arn}${TableSuffix}'", "Resource: '*'"),
                Fault.breaks("no right is on everything", "Action: s3:PutObject", "Action: s3:*"),
                Fault.breaks("a role per function", "Role: !GetAtt SweeperRole.Arn", "Role: !GetAtt RunsRole.Arn"),
                Fault.breaks("a role per function", "      Role: !GetAtt SweeperRole.Arn\n", ""),
                Fault.breaks(
                        "a role per function",
                        "      Role: !GetAtt SweeperRole.Arn\n",
                        "      Role: !GetAtt SweeperRole.Arn\n      Policies: [AmazonSQSFullAccess]\n"),
                Fault.breaks(
                        "a role per function",
                        "ManagedPolicyArns: [!Ref FunctionsPolicy]",
                        "ManagedPolicyArns: [!Ref FunctionsPolicy, !Ref HandlersPolicyArns]"),
                Fault.breaks(
                        "a role per function", "Service: lambda.amazonaws.com", "Service: [lambda.amazonaws.com, ec2]"),
                Fault.breaks(
                        "a role allows what its function does, and nothing more",
                        "                  - dynamodb:Query\n                Resource: !Sub '${Table.Arn}${TableSuffix}'\n",
                        "                Resource: !Sub '${Table.Arn}${TableSuffix}'\n"),
                Fault.breaks(
                        "a role allows what its function does, and nothing more",
                        "                  - dynamodb:Query\n                Resource: !Sub '${Table.Arn}${TableSuffix}'\n",
                        "                  - dynamodb:Query\n                  - dynamodb:DeleteItem\n                Resource: !Sub '${Table.Arn}${TableSuffix}'\n"),
                Fault.breaks("a role allows what its function does, and nothing more", "['workers#*']", "['*']"),
                Fault.breaks(
                        "a role allows what its function does, and nothing more",
                        "                Condition: { 'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': ['workers#*'] } }\n",
                        ""),
                Fault.breaks(
                        "a role allows what its function does, and nothing more",
                        "'${Table.Arn}${TableSuffix}/index/open'",
                        "'${Table.Arn}${TableSuffix}/index/feed'"),
                Fault.breaks(
                        "a role allows what its function does, and nothing more",
                        "                  - sqs:ChangeMessageVisibility\n",
                        ""),
                Fault.breaks(
                        "a role allows what its function does, and nothing more",
                        "[sqs:ReceiveMessage, sqs:ChangeMessageVisibility, sqs:DeleteMessage, sqs:GetQueueAttributes]",
                        "[sqs:ReceiveMessage, sqs:ChangeMessageVisibility, sqs:GetQueueAttributes]"),
                Fault.breaks(
                        "a role allows what its function does, and nothing more",
                        "[sqs:ReceiveMessage, sqs:ChangeMessageVisibility, sqs:DeleteMessage, sqs:GetQueueAttributes]",
                        "[sqs:ReceiveMessage, sqs:ChangeMessageVisibility, sqs:DeleteMessage, sqs:GetQueueAttributes, sqs:PurgeQueue]"),
                Fault.breaks(
                        "a role allows what its function does, and nothing more",
                        "Resource: !GetAtt DispatchLogs.Arn",
                        "Resource: !GetAtt StepLogs.Arn"),
                Fault.breaks("the environment is what the settings read", "        STEPSTILE_SHARDS: '8'\n", ""),
                Fault.breaks(
                        "the environment is what the settings read",
                        "          STEPSTILE_HANDLERS_CONFIG: !Ref HandlersConfig\n",
                        ""),
                Fault.breaks(
                        "the environment is what the settings read", "STEPSTILE_SHARDS: '8'", "STEPSTILE_SHARDS: '0'"),
                Fault.breaks("the environment is what the settings read", "STEPSTILE_SHARDS:", "STEPSTILE_SHARD:"),
                Fault.breaks(
                        "the environment is what the settings read",
                        "STEPSTILE_TABLE: !Sub '${Table}${TableSuffix}'",
                        "STEPSTILE_TABLE: !Ref PayloadBucket"),
                Fault.breaks("the environment is what the settings read", "        STEPSTILE_SQS_ENDPOINT: ''\n", ""),
                Fault.breaks(
                        "the environment is what the settings read",
                        "        POWERTOOLS_SERVICE_NAME: !Ref AWS::StackName\n",
                        ""),
                Fault.breaks(
                        TRACES,
                        "          OTEL_EXPORTER_OTLP_ENDPOINT: !If [HasTracesLayer, 'http://localhost:4318',",
                        "          OTEL_EXPORTER_OTLP_ENDPOINT: !If [HasTracesLayer, 'http://localhost:4317',"),
                Fault.breaks(TRACES, "!If [HasTracesEndpoint, !Ref TracesEndpoint, !Ref 'AWS::NoValue']", "''"),
                Fault.breaks(
                        TRACES,
                        "Variables:\n        STEPSTILE_TABLE",
                        "Variables:\n        OTEL_EXPORTER_OTLP_ENDPOINT: ''\n        STEPSTILE_TABLE"),
                Fault.breaks(TRACES, "layer:${TracesLayer}'", "layer:traces'"),
                Fault.breaks(
                        TRACES,
                        "      Timeout: 120\n      Layers:\n        - !If [HasTracesLayer,",
                        "      Timeout: 120\n      Layers:\n        - !If [HasTracesEndpoint,"),
                Fault.breaks(TRACES, "!Or [!Condition IsTraced, !Condition HasTracesLayer]", "!Condition IsTraced"),
                Fault.breaks("java25 on arm64", "Runtime: java25", "Runtime: java21"),
                Fault.breaks("java25 on arm64", "    Default: arm64", "    Default: x86_64"),
                Fault.breaks("an alias follows all properties", "      AutoPublishAliasAllProperties: true\n", ""),
                Fault.breaks("an alias follows all properties", "    AutoPublishAlias: live\n", ""),
                Fault.breaks(
                        "an alias follows all properties",
                        "    AutoPublishAlias: live\n",
                        "    AutoPublishAlias: live\n    AutoPublishAliasAllProperties: true\n"),
                Fault.breaks(
                        "the schedule does not retry", "            RetryPolicy: { MaximumRetryAttempts: 0 }\n", ""),
                Fault.breaks("the schedule does not retry", "        MaximumRetryAttempts: 0\n", ""),
                Fault.breaks(
                        "the audit is there only if it is asked for, and calls what audits all runs",
                        "    Condition: HasAudit\n",
                        ""),
                Fault.breaks(
                        "the audit is there only if it is asked for, and calls what audits all runs",
                        "Input: '{\"method\": \"POST\", \"path\": \"/v1/audit\"}'",
                        "Input: '{\"method\": \"GET\", \"path\": \"/v1/audit\"}'"),
                Fault.breaks(
                        "the audit is there only if it is asked for, and calls what audits all runs",
                        "ScheduleExpression: !Ref AuditSchedule",
                        "ScheduleExpression: rate(5 minutes)"),
                Fault.breaks(
                        "the audit is there only if it is asked for, and calls what audits all runs",
                        "        RetryPolicy: { MaximumRetryAttempts: 0 }\n\n  # -",
                        "\n  # -"),
                Fault.breaks(
                        "the audit is there only if it is asked for, and calls what audits all runs",
                        "                - HasAudit\n                - Effect: Allow\n                  Action: lambda:InvokeFunction",
                        "                - HasWebhooks\n                - Effect: Allow\n                  Action: lambda:InvokeFunction"),
                Fault.breaks("the schedule equals its variable", "rate(1 minute)", "rate(2 minutes)"),
                Fault.breaks(
                        "the schedule equals its variable",
                        "STEPSTILE_SWEEP_SECONDS: '60'",
                        "STEPSTILE_SWEEP_SECONDS: '120'"),
                Fault.breaks(
                        "the dispatch timeout equals its variable",
                        "STEPSTILE_DISPATCH_TIMEOUT_SECONDS: '30'",
                        "STEPSTILE_DISPATCH_TIMEOUT_SECONDS: '20'"),
                Fault.breaks("the step function outlives its longest step", "Default: 900", "Default: 880"),
                Fault.breaks(
                        "the step function is a zip or an image, and the same in all else",
                        "StepIsImage: !Not [!Equals [!Ref StepImageUri, '']]",
                        "StepIsImage: !Equals [!Ref StepImageUri, '']"),
                Fault.breaks(
                        "the step function is a zip or an image, and the same in all else",
                        "    Condition: StepIsZip\n",
                        ""),
                Fault.breaks(
                        "the step function is a zip or an image, and the same in all else",
                        "BatchSize: 10",
                        "BatchSize: 5"),
                Fault.breaks(
                        "handlers exist",
                        "Command: ['dev.stepstile.functions.step.",
                        "Command: ['dev.stepstile.functions.steps."),
                Fault.breaks("java25 on arm64", "PackageType: Image\n", "PackageType: Image\n      Runtime: java25\n"),
                Fault.breaks(
                        "the table is what the adapters use",
                        "{ AttributeName: feedSk, KeyType: RANGE }",
                        "{ AttributeName: feedPk, KeyType: RANGE }"),
                Fault.breaks(
                        "the table is what the adapters use",
                        "{ AttributeName: sk, KeyType: RANGE }",
                        "{ AttributeName: pk, KeyType: RANGE }"),
                Fault.breaks(
                        "the table is what the adapters use",
                        "{ AttributeName: nextSweepAt, AttributeType: N }",
                        "{ AttributeName: nextSweepAt, AttributeType: S }"),
                Fault.breaks(
                        "the table is what the adapters use", "[state, attempt, pages, result]", "[state, attempt]"),
                Fault.breaks(
                        "the table is what the adapters use",
                        "        AttributeName: ttl",
                        "        AttributeName: expires"),
                Fault.breaks("payloads outlive records", "ExpirationInDays: 55", "ExpirationInDays: 54"),
                Fault.breaks("records outlive what may still start", "    MinValue: 15", "    MinValue: 14"),
                Fault.breaks("handlers exist", "step.StepFunction::handleRequest", "steps.StepFunction::handleRequest"),
                Fault.breaks("handlers exist", "StepFunction::handleRequest", "StepFunction::handle"),
                Fault.breaks("handlers exist", "step.StepFunction::handleRequest", "step.Deliveries::of"),
                Fault.breaks(
                        "the sweeper's alarm counts completed sweeps, and a new stack sets off none",
                        "Expression: invocations - errors",
                        "Expression: invocations"),
                Fault.breaks(
                        "the sweeper's alarm counts completed sweeps, and a new stack sets off none",
                        "TreatMissingData: missing",
                        "TreatMissingData: breaching"),
                Fault.breaks(
                        "the sweeper's alarm counts completed sweeps, and a new stack sets off none",
                        "      InsufficientDataActions: !If [HasAlarmTopic, [!Ref AlarmTopicArn], !Ref 'AWS::NoValue']\n",
                        ""),
                Fault.breaks("calls are signed", "        DefaultAuthorizer: AWS_IAM\n", ""),
                Fault.breaks(
                        "calls are signed",
                        "Path: '/v1/runs/{runId}/feed' }",
                        "Path: '/v1/runs/{runId}/feed', Auth: { Authorizer: NONE } }"));
    }
}
