package dev.stepstile.aws;

import dev.stepstile.port.Ports;
import dev.stepstile.runtime.VirtualTasks;
import java.time.Duration;
import java.time.InstantSource;
import java.util.function.Supplier;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.AwsCredentialsProvider;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.sqs.SqsClient;

/** The ports on AWS, as a function needs them. */
public final class AwsPorts {
    private AwsPorts() {}

    /** Clients of this process's own region and credentials; that of S3 is built when it is first needed. */
    public static Ports of(ResourceNames names, ServiceEndpoints at, int retentionDays) {
        return of(
                AwsClients.dynamoDb(at.dynamoDb()),
                AwsClients.sqs(at.sqs()),
                new Once<>(() -> AwsClients.s3(at.s3())),
                names,
                retentionDays);
    }

    /** The ports on a table and a queue within this JVM, which give back what was put and sent: for a rehearsal. */
    public static Ports staged(ResourceNames names, int retentionDays) {
        StagedAws staged = new StagedAws();
        AwsCredentialsProvider credentials =
                StaticCredentialsProvider.create(AwsBasicCredentials.create("rehearsal", "rehearsal"));
        return of(
                AwsClients.dynamoDb(
                        builder -> builder.httpClientBuilder(_ -> staged).credentialsProvider(credentials)),
                AwsClients.sqs(builder -> builder.httpClientBuilder(_ -> staged).credentialsProvider(credentials)),
                new Once<>(() -> AwsClients.s3(
                        builder -> builder.httpClientBuilder(_ -> staged).credentialsProvider(credentials))),
                names,
                retentionDays);
    }

    /**
     * One call of the table and one of the queue, by clients that are closed after it: an item that is not there, and a
     * batch without a message, which SQS refuses.
     */
    public static void touch(ResourceNames names, ServiceEndpoints at) {
        try (DynamoDbClient dynamoDb = AwsClients.dynamoDb(at.dynamoDb());
                SqsClient sqs = AwsClients.sqs(at.sqs())) {
            dynamoDb.getItem(read -> read.tableName(names.table()).key(ItemKeys.of("rehearsal", "rehearsal")));
            SqsStepQueue.touch(sqs, names.queueUrl());
        }
    }

    public static Ports of(
            DynamoDbClient dynamoDb, SqsClient sqs, Supplier<S3Client> s3, ResourceNames names, int retentionDays) {
        Duration retention = Duration.ofDays(retentionDays);
        return new Ports(
                new DynamoDbStepStore(dynamoDb, names.table(), retention, InstantSource.system()),
                new DynamoDbWorkerStore(dynamoDb, names.table(), retention, InstantSource.system()),
                new DynamoDbPauseStore(dynamoDb, names.table()),
                new SqsStepQueue(sqs, names.queueUrl(), new VirtualTasks()),
                new SqsDeadLetterQueue(sqs, names.deadLetterUrl()),
                new DynamoDbPayloadItems(dynamoDb, names.table(), retention, InstantSource.system()),
                new S3PayloadStore(s3, names.bucket()));
    }
}
