package dev.stepstile.aws;

import static software.amazon.awssdk.services.dynamodb.model.ScalarAttributeType.N;
import static software.amazon.awssdk.services.dynamodb.model.ScalarAttributeType.S;

import java.time.Duration;
import java.util.Map;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.awssdk.services.dynamodb.model.AttributeDefinition;
import software.amazon.awssdk.services.dynamodb.model.BillingMode;
import software.amazon.awssdk.services.dynamodb.model.CreateTableRequest;
import software.amazon.awssdk.services.dynamodb.model.GlobalSecondaryIndex;
import software.amazon.awssdk.services.dynamodb.model.KeySchemaElement;
import software.amazon.awssdk.services.dynamodb.model.KeyType;
import software.amazon.awssdk.services.dynamodb.model.Projection;
import software.amazon.awssdk.services.dynamodb.model.ProjectionType;
import software.amazon.awssdk.services.dynamodb.model.ResourceInUseException;
import software.amazon.awssdk.services.dynamodb.model.ScalarAttributeType;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.model.BucketAlreadyOwnedByYouException;
import software.amazon.awssdk.services.sqs.SqsClient;
import software.amazon.awssdk.services.sqs.model.QueueAttributeName;

/**
 * Makes on emulators what {@code template.yaml} makes on AWS: table, queues, bucket. What is there is left as it is, so
 * that it may be called at each start.
 */
public final class AwsResources {
    /** Never reached: a message that was received too often is no failure, and dead-lettering is the sweeper's work. */
    public static final int MAX_RECEIVE_COUNT = 1000;

    /** The table's attribute of when an item may be deleted. */
    public static final String TTL = DynamoDbStepStore.TTL;

    private final DynamoDbClient dynamoDb;
    private final SqsClient sqs;
    private final S3Client s3;

    public AwsResources(DynamoDbClient dynamoDb, SqsClient sqs, S3Client s3) {
        this.dynamoDb = dynamoDb;
        this.sqs = sqs;
        this.s3 = s3;
    }

    /** @param visibility the queue's visibility timeout: longer than a function may run */
    public ResourceNames make(String table, String queue, String bucket, Duration visibility) {
        makeTable(table);
        String deadLetterUrl = makeQueue(queue + "-dead", Map.of());
        String deadLetterArn = AwsCalls.call(
                        "GetQueueAttributes of " + deadLetterUrl,
                        () -> sqs.getQueueAttributes(request ->
                                request.queueUrl(deadLetterUrl).attributeNames(QueueAttributeName.QUEUE_ARN)))
                .attributes()
                .getOrDefault(QueueAttributeName.QUEUE_ARN, "");
        String queueUrl = makeQueue(
                queue,
                Map.of(
                        QueueAttributeName.VISIBILITY_TIMEOUT,
                        Long.toString(visibility.toSeconds()),
                        QueueAttributeName.REDRIVE_POLICY,
                        "{\"deadLetterTargetArn\":\"%s\",\"maxReceiveCount\":\"%d\"}"
                                .formatted(deadLetterArn, MAX_RECEIVE_COUNT)));
        makeBucket(bucket);
        return new ResourceNames(table, queueUrl, deadLetterUrl, bucket);
    }

    /** The table with its keys and indexes. */
    public static CreateTableRequest tableNamed(String table) {
        return CreateTableRequest.builder()
                .tableName(table)
                .billingMode(BillingMode.PAY_PER_REQUEST)
                .attributeDefinitions(
                        attribute(ItemKeys.PK, S),
                        attribute(ItemKeys.SK, S),
                        attribute(ItemKeys.OPEN_BUCKET, S),
                        attribute(ItemKeys.NEXT_SWEEP_AT, N),
                        attribute(ItemKeys.FEED_PK, S),
                        attribute(ItemKeys.FEED_SK, S))
                .keySchema(key(ItemKeys.PK, KeyType.HASH), key(ItemKeys.SK, KeyType.RANGE))
                .globalSecondaryIndexes(
                        GlobalSecondaryIndex.builder()
                                .indexName(ItemKeys.OPEN_INDEX)
                                .keySchema(
                                        key(ItemKeys.OPEN_BUCKET, KeyType.HASH),
                                        key(ItemKeys.NEXT_SWEEP_AT, KeyType.RANGE))
                                .projection(Projection.builder()
                                        .projectionType(ProjectionType.KEYS_ONLY)
                                        .build())
                                .build(),
                        GlobalSecondaryIndex.builder()
                                .indexName(ItemKeys.FEED_INDEX)
                                .keySchema(key(ItemKeys.FEED_PK, KeyType.HASH), key(ItemKeys.FEED_SK, KeyType.RANGE))
                                .projection(Projection.builder()
                                        .projectionType(ProjectionType.INCLUDE)
                                        .nonKeyAttributes(
                                                RecordItem.STATE,
                                                RecordItem.ATTEMPT,
                                                RecordItem.PAGES,
                                                RecordItem.RESULT)
                                        .build())
                                .build())
                .build();
    }

    private void makeTable(String table) {
        CreateTableRequest request = tableNamed(table);
        boolean made = AwsCalls.call("CreateTable " + table, () -> {
            try {
                dynamoDb.createTable(request);
                return true;
            } catch (ResourceInUseException e) {
                return false;
            }
        });
        if (made) {
            AwsCalls.call(
                    "DescribeTable " + table, () -> dynamoDb.waiter().waitUntilTableExists(r -> r.tableName(table)));
            AwsCalls.call(
                    "UpdateTimeToLive of " + table,
                    () -> dynamoDb.updateTimeToLive(r -> r.tableName(table)
                            .timeToLiveSpecification(
                                    ttl -> ttl.attributeName(TTL).enabled(true))));
        }
    }

    /** SQS answers with the queue that is there, if it has the same attributes. */
    private String makeQueue(String name, Map<QueueAttributeName, String> attributes) {
        return AwsCalls.call(
                        "CreateQueue " + name,
                        () -> sqs.createQueue(request -> request.queueName(name).attributes(attributes)))
                .queueUrl();
    }

    private void makeBucket(String bucket) {
        AwsCalls.call("CreateBucket " + bucket, () -> {
            try {
                return s3.createBucket(request -> request.bucket(bucket));
            } catch (BucketAlreadyOwnedByYouException e) {
                return false;
            }
        });
    }

    private static AttributeDefinition attribute(String name, ScalarAttributeType type) {
        return AttributeDefinition.builder()
                .attributeName(name)
                .attributeType(type)
                .build();
    }

    private static KeySchemaElement key(String name, KeyType type) {
        return KeySchemaElement.builder().attributeName(name).keyType(type).build();
    }
}
