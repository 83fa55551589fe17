package dev.stepstile.aws;

import dev.stepstile.port.DeadLetterQueue;
import dev.stepstile.port.PayloadStore;
import dev.stepstile.port.StepQueue;
import dev.stepstile.port.StepStore;
import java.time.Duration;
import java.time.InstantSource;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.sqs.SqsClient;

/**
 * The ports on AWS, as a function needs them.
 *
 * @param items payloads in the table
 * @param payloads payloads in the bucket
 */
public record AwsPorts(
        StepStore store, StepQueue queue, DeadLetterQueue deadLetters, PayloadStore items, PayloadStore payloads) {

    /** Clients of this process's own region, credentials and endpoints; that of S3 is built when it is first needed. */
    public static AwsPorts of(String table, String queueUrl, String deadLetterUrl, String bucket, int retentionDays) {
        return of(
                AwsClients.dynamoDb(),
                AwsClients.sqs(),
                new Once(AwsClients::s3),
                table,
                queueUrl,
                deadLetterUrl,
                bucket,
                retentionDays);
    }

    public static AwsPorts of(
            DynamoDbClient dynamoDb,
            SqsClient sqs,
            Supplier<S3Client> s3,
            String table,
            String queueUrl,
            String deadLetterUrl,
            String bucket,
            int retentionDays) {
        Duration retention = Duration.ofDays(retentionDays);
        return new AwsPorts(
                new DynamoDbStepStore(dynamoDb, table, retention, InstantSource.system()),
                new SqsStepQueue(sqs, queueUrl),
                new SqsDeadLetterQueue(sqs, deadLetterUrl),
                new DynamoDbPayloadItems(dynamoDb, table, retention, InstantSource.system()),
                new S3PayloadStore(s3, bucket));
    }

    /** Builds a client when it is first asked for. */
    private static final class Once implements Supplier<S3Client> {
        private final Supplier<S3Client> build;
        private volatile @Nullable S3Client built;

        Once(Supplier<S3Client> build) {
            this.build = build;
        }

        @Override
        public S3Client get() {
            S3Client client = built;
            if (client == null) {
                synchronized (this) {
                    client = built;
                    if (client == null) {
                        client = build.get();
                        built = client;
                    }
                }
            }
            return client;
        }
    }
}
