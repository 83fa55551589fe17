package dev.stepstile.aws;

import dev.stepstile.emulators.DynamoDbLocal;
import dev.stepstile.emulators.ElasticMq;
import dev.stepstile.emulators.S3Stub;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.awscore.client.builder.AwsClientBuilder;
import software.amazon.awssdk.core.interceptor.ExecutionInterceptor;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.sqs.SqsClient;

/** Emulators that all tests of this JVM share; they end with it. Each test makes queues and runs of its own. */
final class Emulated {
    static final String TABLE = "stepstile";
    static final String BUCKET = "stepstile";

    private static final AtomicInteger QUEUES = new AtomicInteger();
    private static final Endpoints ENDPOINTS = Endpoints.start();

    static final DynamoDbClient DYNAMO_DB_CLIENT = dynamoDb();
    static final SqsClient SQS_CLIENT = sqs();
    static final S3Client S3_CLIENT = s3();

    private Emulated() {}

    /** Apart from the class above, whose initialization a second thread would wait for. */
    private record Endpoints(URI dynamoDb, URI sqs, URI s3) {
        static Endpoints start() {
            Path logs = Path.of("target", "emulators").toAbsolutePath();
            CompletableFuture<URI> dynamoDb = CompletableFuture.supplyAsync(
                    () -> DynamoDbLocal.start(logs, null).endpoint());
            try {
                URI sqs = ElasticMq.start(logs, null).endpoint();
                URI s3 = S3Stub.start(Files.createTempDirectory("s3-")).endpoint();
                return new Endpoints(dynamoDb.join(), sqs, s3);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }

    static DynamoDbClient dynamoDb(ExecutionInterceptor... interceptors) {
        return AwsClients.dynamoDb(at(ENDPOINTS.dynamoDb, interceptors));
    }

    static SqsClient sqs(ExecutionInterceptor... interceptors) {
        return AwsClients.sqs(at(ENDPOINTS.sqs, interceptors));
    }

    static S3Client s3(ExecutionInterceptor... interceptors) {
        return AwsClients.s3(builder -> {
            at(ENDPOINTS.s3, interceptors).accept(builder);
            builder.forcePathStyle(true);
        });
    }

    /** The table and the bucket that all tests share, and two queues that no other test has. */
    static ResourceNames resources(Duration visibility) {
        return new AwsResources(DYNAMO_DB_CLIENT, SQS_CLIENT, S3_CLIENT)
                .make(TABLE, "queue-" + QUEUES.incrementAndGet(), BUCKET, visibility);
    }

    private static Consumer<AwsClientBuilder<?, ?>> at(URI endpoint, ExecutionInterceptor... interceptors) {
        return builder -> {
            builder.endpointOverride(endpoint)
                    .region(Region.US_EAST_1)
                    .credentialsProvider(StaticCredentialsProvider.create(AwsBasicCredentials.create("a", "b")));
            AwsClients.watched(builder, interceptors);
        };
    }
}
