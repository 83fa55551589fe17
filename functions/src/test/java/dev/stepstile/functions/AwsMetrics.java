package dev.stepstile.functions;

import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * What AWS sends to CloudWatch, as far as the template uses it: names, dimensions and units by the services' documentation, read
 * in November 2026. A metric with other dimensions is another metric, which is never sent: CloudWatch accepts it and shows nothing.
 */
final class AwsMetrics {
    private static final Set<String> FUNCTION = Set.of("FunctionName");
    private static final Set<String> TABLE = Set.of("TableName");
    private static final Set<String> INDEX = Set.of("TableName", "GlobalSecondaryIndexName");
    private static final Set<String> OPERATION = Set.of("TableName", "Operation");
    private static final Set<String> QUEUE = Set.of("QueueName");
    private static final Set<String> API = Set.of("ApiId");
    private static final Set<String> REGION = Set.of();

    /** @param dimensions each set of names with which the metric is sent */
    record Documented(String unit, List<Set<String>> dimensions) {}

    private static final Map<String, Documented> ALL = new TreeMap<>();

    static {
        // docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html, monitoring-metrics-view.html,
        // monitoring-concurrency.html
        add(
                "AWS/Lambda",
                "Count",
                List.of(FUNCTION, REGION),
                "Errors",
                "Invocations",
                "Throttles",
                "ConcurrentExecutions");
        add("AWS/Lambda", "Milliseconds", List.of(FUNCTION, REGION), "Duration");
        add("AWS/Lambda", "Count", List.of(REGION), "ClaimedAccountConcurrency");
        // docs.aws.amazon.com/amazondynamodb/latest/developerguide/metrics-dimensions.html
        add("AWS/DynamoDB", "Count", List.of(TABLE, INDEX), "ReadThrottleEvents", "WriteThrottleEvents");
        add("AWS/DynamoDB", "Count", List.of(TABLE, INDEX), "ConsumedReadCapacityUnits", "ConsumedWriteCapacityUnits");
        add("AWS/DynamoDB", "Count", List.of(OPERATION), "SystemErrors");
        add("AWS/DynamoDB", "Milliseconds", List.of(OPERATION), "SuccessfulRequestLatency");
        // docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html
        add(
                "AWS/SQS",
                "Count",
                List.of(QUEUE),
                "ApproximateNumberOfMessagesVisible",
                "ApproximateNumberOfMessagesNotVisible",
                "ApproximateNumberOfMessagesDelayed",
                "NumberOfMessagesSent",
                "NumberOfMessagesReceived",
                "NumberOfMessagesDeleted",
                "NumberOfEmptyReceives");
        // docs.aws.amazon.com/apigateway/latest/developerguide/http-api-metrics.html: not the names of a REST API
        add("AWS/ApiGateway", "Count", List.of(API), "Count", "4xx", "5xx");
        add("AWS/ApiGateway", "Milliseconds", List.of(API), "Latency", "IntegrationLatency");
    }

    private AwsMetrics() {}

    private static void add(String namespace, String unit, List<Set<String>> dimensions, String... names) {
        for (String name : names) {
            ALL.put(namespace + " " + name, new Documented(unit, dimensions));
        }
    }

    /** Whether a service sends the metric with exactly these dimensions. */
    static boolean isSent(String namespace, String name, Set<String> dimensions) {
        Documented documented = ALL.get(namespace + " " + name);
        return documented != null && documented.dimensions().contains(dimensions);
    }

    /** Empty if nothing is known of the metric. */
    static String unit(String namespace, String name) {
        Documented documented = ALL.get(namespace + " " + name);
        return documented == null ? "" : documented.unit();
    }
}
