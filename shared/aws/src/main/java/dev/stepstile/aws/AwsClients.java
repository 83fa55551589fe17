package dev.stepstile.aws;

import java.net.URI;
import java.time.Duration;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.awscore.AwsRequestOverrideConfiguration;
import software.amazon.awssdk.awscore.client.builder.AwsClientBuilder;
import software.amazon.awssdk.awscore.client.builder.AwsSyncClientBuilder;
import software.amazon.awssdk.awscore.retry.AwsRetryStrategy;
import software.amazon.awssdk.core.client.config.ClientOverrideConfiguration;
import software.amazon.awssdk.core.interceptor.ExecutionInterceptor;
import software.amazon.awssdk.http.urlconnection.UrlConnectionHttpClient;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.awssdk.services.dynamodb.DynamoDbClientBuilder;
import software.amazon.awssdk.services.eventbridge.EventBridgeClient;
import software.amazon.awssdk.services.eventbridge.EventBridgeClientBuilder;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.S3ClientBuilder;
import software.amazon.awssdk.services.secretsmanager.SecretsManagerClient;
import software.amazon.awssdk.services.secretsmanager.SecretsManagerClientBuilder;
import software.amazon.awssdk.services.sqs.SqsClient;
import software.amazon.awssdk.services.sqs.SqsClientBuilder;

/**
 * The SDK's clients with the project's patience. Region, credentials and endpoints come from where the SDK looks for
 * them: {@code AWS_REGION}, {@code AWS_ENDPOINT_URL_DYNAMODB}, {@code AWS_ENDPOINT_URL_SQS}, {@code AWS_ENDPOINT_URL_S3}
 * or {@code AWS_ENDPOINT_URL} in the environment, or the system properties {@code aws.region},
 * {@code aws.endpointUrlDynamoDb}, {@code aws.endpointUrlSqs}, {@code aws.endpointUrlS3}, {@code aws.endpointUrl}.
 */
public final class AwsClients {
    /**
     * A call with all its tries. A record is stamped before it is written, and readers of the feed look back 15 s: a
     * write must be over by then.
     */
    static final Duration CALL = Duration.ofSeconds(10);

    static final Duration TRY = Duration.ofSeconds(3);
    private static final Duration CONNECT = Duration.ofSeconds(2);
    private static final int TRIES = 3;

    /** Payloads have up to 10 MB. */
    private static final Duration OBJECT_CALL = Duration.ofSeconds(60);

    private static final Duration OBJECT_TRY = Duration.ofSeconds(25);

    /**
     * How many idle connections the JDK's HTTP client keeps for each host. It would keep five, and the other threads of
     * a batch of steps would each make a new one, TLS handshake included, for every call.
     */
    private static final String IDLE_CONNECTIONS = "64";

    private AwsClients() {}

    /**
     * Has the JDK keep enough idle connections, unless {@code -Dhttp.maxConnections} is set. It reads the
     * property once, at the first connection that anything in the JVM puts aside, so this is for the start of a process.
     */
    public static void keepConnections() {
        if (System.getProperty("http.maxConnections") == null) {
            System.setProperty("http.maxConnections", IDLE_CONNECTIONS);
        }
    }

    /** @param endpoint null for that which the SDK finds */
    public static DynamoDbClient dynamoDb(@Nullable URI endpoint) {
        return dynamoDb(builder -> at(endpoint, builder));
    }

    /** @param endpoint null for that which the SDK finds */
    public static SqsClient sqs(@Nullable URI endpoint) {
        return sqs(builder -> at(endpoint, builder));
    }

    /**
     * Path style where an endpoint is set: what stands in for S3 on one machine has no host name for each bucket.
     *
     * @param endpoint null for that which the SDK finds
     */
    public static S3Client s3(@Nullable URI endpoint) {
        return s3(builder -> at(endpoint, builder).forcePathStyle(endpoint != null || endpointIsSet()));
    }

    private static <B extends AwsClientBuilder<B, ?>> B at(@Nullable URI endpoint, B builder) {
        return endpoint == null ? builder : builder.endpointOverride(endpoint);
    }

    /** @param more what this client has besides: an endpoint, credentials, interceptors */
    public static DynamoDbClient dynamoDb(Consumer<? super DynamoDbClientBuilder> more) {
        DynamoDbClientBuilder builder = configured(DynamoDbClient.builder(), CALL, TRY, TRY);
        more.accept(builder);
        return builder.build();
    }

    /** @param more what this client has besides: an endpoint, credentials, interceptors */
    public static SqsClient sqs(Consumer<? super SqsClientBuilder> more) {
        SqsClientBuilder builder = configured(SqsClient.builder(), CALL, TRY, SqsStepQueue.MAX_WAIT.plus(TRY));
        more.accept(builder);
        return builder.build();
    }

    /** @param more what this client has besides: an endpoint, credentials, interceptors */
    public static S3Client s3(Consumer<? super S3ClientBuilder> more) {
        S3ClientBuilder builder = configured(S3Client.builder(), OBJECT_CALL, OBJECT_TRY, OBJECT_TRY);
        more.accept(builder);
        return builder.build();
    }

    /** @param more what this client has besides: an endpoint, credentials, interceptors */
    static EventBridgeClient eventBridge(Consumer<? super EventBridgeClientBuilder> more) {
        EventBridgeClientBuilder builder = configured(EventBridgeClient.builder(), CALL, TRY, TRY);
        more.accept(builder);
        return builder.build();
    }

    /** @param more what this client has besides: an endpoint, credentials, interceptors */
    static SecretsManagerClient secretsManager(Consumer<? super SecretsManagerClientBuilder> more) {
        SecretsManagerClientBuilder builder = configured(SecretsManagerClient.builder(), CALL, TRY, TRY);
        more.accept(builder);
        return builder.build();
    }

    /** Has interceptors see what the client does, beside all else that it has. */
    public static void watched(AwsClientBuilder<?, ?> builder, ExecutionInterceptor... interceptors) {
        ClientOverrideConfiguration.Builder override = builder.overrideConfiguration().toBuilder();
        for (ExecutionInterceptor interceptor : interceptors) {
            override.addExecutionInterceptor(interceptor);
        }
        builder.overrideConfiguration(override.build());
    }

    /** A call that waits this long on purpose, and then gets the usual time. */
    static AwsRequestOverrideConfiguration waiting(Duration wait) {
        return AwsRequestOverrideConfiguration.builder()
                .apiCallTimeout(CALL.plus(wait))
                .apiCallAttemptTimeout(TRY.plus(wait))
                .build();
    }

    private static <B extends AwsSyncClientBuilder<B, C> & AwsClientBuilder<B, C>, C> B configured(
            B builder, Duration call, Duration attempt, Duration read) {
        keepConnections();
        return builder.httpClientBuilder(UrlConnectionHttpClient.builder()
                        .connectionTimeout(CONNECT)
                        .socketTimeout(read))
                .overrideConfiguration(override -> override.apiCallTimeout(call)
                        .apiCallAttemptTimeout(attempt)
                        .retryStrategy(AwsRetryStrategy.standardRetryStrategy().toBuilder()
                                .maxAttempts(TRIES)
                                .build()));
    }

    private static boolean endpointIsSet() {
        return System.getenv("AWS_ENDPOINT_URL_S3") != null
                || System.getenv("AWS_ENDPOINT_URL") != null
                || System.getProperty("aws.endpointUrlS3") != null
                || System.getProperty("aws.endpointUrl") != null;
    }
}
