package dev.stepstile.cli.ops;

import dev.stepstile.cli.api.AwsAccess;
import dev.stepstile.cli.api.DeployedStack;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.services.cloudwatch.CloudWatchClient;
import software.amazon.awssdk.services.cloudwatch.model.MetricAlarm;
import software.amazon.awssdk.services.cloudwatch.model.StateValue;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.awssdk.services.dynamodb.model.GlobalSecondaryIndexDescription;
import software.amazon.awssdk.services.dynamodb.model.IndexStatus;
import software.amazon.awssdk.services.dynamodb.model.TableDescription;
import software.amazon.awssdk.services.dynamodb.model.TableStatus;
import software.amazon.awssdk.services.sqs.SqsClient;
import software.amazon.awssdk.services.sqs.model.QueueAttributeName;

/**
 * What the API cannot tell of a deployed stack: its queues, table and alarms, read with the operator's own credentials. Each
 * check needs one permission, and one that is missing is said and hinders no other.
 */
final class StackDoctor {
    private static final List<String> INDEXES = List.of("feed", "open");

    /** The shortest that the template sets; with less, a message comes again while its step still runs. */
    private static final int LEAST_HIDDEN_SECONDS = 360;

    private static final Duration DEAD_LETTERS_KEPT = Duration.ofDays(14);
    private static final String COMPLETE = "_COMPLETE";

    private final DeployedStack stack;
    private final AwsAccess access;
    private final Consumer<Finding> found;

    StackDoctor(DeployedStack stack, AwsAccess access, Consumer<Finding> found) {
        this.stack = stack;
        this.access = access;
        this.found = found;
    }

    void examine() {
        found.accept(stack());
        checked("queue", "sqs:GetQueueAttributes", this::queue);
        checked("dead-letter queue", "sqs:GetQueueAttributes", this::deadLetterQueue);
        checked("indexes", "dynamodb:DescribeTable", this::indexes);
        checked("alarms", "cloudwatch:DescribeAlarms", this::alarms);
    }

    private void checked(String check, String permission, Supplier<Finding> examined) {
        try {
            found.accept(examined.get());
        } catch (SdkException e) {
            found.accept(Finding.unknown(
                    check,
                    "cannot be read: " + e.getMessage(),
                    "Give these credentials " + permission + ", or look at it in AWS's console."));
        }
    }

    private Finding stack() {
        String status = stack.status();
        return status.endsWith(COMPLETE) && !status.contains("ROLLBACK")
                ? Finding.ok("stack", stack.name() + " is " + status)
                : Finding.wrong(
                        "stack",
                        stack.name() + " is " + status,
                        "Read why: aws cloudformation describe-stack-events --stack-name " + stack.name());
    }

    private Map<QueueAttributeName, String> attributes(String output) {
        try (SqsClient sqs = access.client(SqsClient.builder())) {
            return new TreeMap<>(sqs.getQueueAttributes(
                            call -> call.queueUrl(stack.output(output)).attributeNames(QueueAttributeName.ALL))
                    .attributes());
        }
    }

    private Finding queue() {
        Map<QueueAttributeName, String> attributes = attributes("QueueUrl");
        long hidden = number(attributes.get(QueueAttributeName.VISIBILITY_TIMEOUT));
        String policy = attributes.getOrDefault(QueueAttributeName.REDRIVE_POLICY, "");
        if (policy.isEmpty()) {
            return Finding.wrong(
                    "queue",
                    "has no dead-letter queue, so a message that cannot be read comes for ever",
                    "Somebody changed it: deploy the template again.");
        }
        if (hidden < LEAST_HIDDEN_SECONDS) {
            return Finding.wrong(
                    "queue",
                    "hides a message for " + hidden + " s only: a step's message comes again while it runs",
                    "Somebody changed it: deploy the template again.");
        }
        return Finding.ok(
                "queue",
                Text.count(number(attributes.get(QueueAttributeName.APPROXIMATE_NUMBER_OF_MESSAGES))) + " wait, "
                        + Text.count(
                                number(attributes.get(QueueAttributeName.APPROXIMATE_NUMBER_OF_MESSAGES_NOT_VISIBLE)))
                        + " are with workers; hidden for " + hidden + " s");
    }

    private Finding deadLetterQueue() {
        Map<QueueAttributeName, String> attributes = attributes("DeadLetterQueueUrl");
        Duration kept = Duration.ofSeconds(number(attributes.get(QueueAttributeName.MESSAGE_RETENTION_PERIOD)));
        return kept.compareTo(DEAD_LETTERS_KEPT) < 0
                ? Finding.wrong(
                        "dead-letter queue",
                        "keeps dead letters for " + Text.duration((double) kept.toSeconds()) + " only",
                        "Somebody changed it: deploy the template again, which keeps them for 14 days.")
                : Finding.ok("dead-letter queue", "keeps dead letters for 14 days");
    }

    private static long number(@Nullable String digits) {
        return digits == null || digits.isEmpty() ? 0 : Long.parseLong(digits);
    }

    private Finding indexes() {
        try (DynamoDbClient dynamoDb = access.client(DynamoDbClient.builder())) {
            TableDescription table = dynamoDb.describeTable(call -> call.tableName(stack.output("TableName")))
                    .table();
            Map<String, IndexStatus> states = table.globalSecondaryIndexes().stream()
                    .collect(Collectors.toMap(
                            GlobalSecondaryIndexDescription::indexName,
                            GlobalSecondaryIndexDescription::indexStatus,
                            (one, _) -> one,
                            TreeMap::new));
            List<String> missing = INDEXES.stream()
                    .filter(index -> states.get(index) != IndexStatus.ACTIVE)
                    .toList();
            if (table.tableStatus() != TableStatus.ACTIVE || !missing.isEmpty()) {
                return Finding.wrong(
                        "indexes",
                        "the table is " + table.tableStatusAsString() + ", its indexes are " + states,
                        "Without both, lists and sweeps fail. Wait if one is CREATING; else deploy the template again.");
            }
            return Finding.ok("indexes", "the table and its indexes " + String.join(" and ", INDEXES) + " are active");
        }
    }

    private Finding alarms() {
        try (CloudWatchClient cloudWatch = access.client(CloudWatchClient.builder())) {
            List<MetricAlarm> raised = cloudWatch
                    .describeAlarmsPaginator(
                            call -> call.alarmNamePrefix(stack.name() + "-").stateValue(StateValue.ALARM))
                    .metricAlarms()
                    .stream()
                    .toList();
            return raised.isEmpty()
                    ? Finding.ok("alarms", "none is raised")
                    : Finding.wrong(
                            "alarms",
                            raised.stream()
                                    .map(alarm -> alarm.alarmName() + ": " + alarm.alarmDescription())
                                    .collect(Collectors.joining(" ")),
                            "What each means and what to do: docs/operations.md#alarms");
        }
    }
}
