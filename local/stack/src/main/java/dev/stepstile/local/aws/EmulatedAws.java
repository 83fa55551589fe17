package dev.stepstile.local.aws;

import dev.stepstile.aws.AwsClients;
import dev.stepstile.aws.AwsPorts;
import dev.stepstile.aws.AwsResources;
import dev.stepstile.aws.ResourceNames;
import dev.stepstile.emulators.AwsUsage;
import dev.stepstile.emulators.DynamoDbLocal;
import dev.stepstile.emulators.ElasticMq;
import dev.stepstile.emulators.EmulatorDownload;
import dev.stepstile.emulators.EmulatorProcess;
import dev.stepstile.emulators.S3Stub;
import dev.stepstile.local.parts.OpenParts;
import dev.stepstile.port.PortException;
import dev.stepstile.port.Ports;
import dev.stepstile.step.Shards;
import dev.stepstile.usecase.Timing;
import java.math.BigDecimal;
import java.net.InetAddress;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.Consumer;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.awscore.client.builder.AwsClientBuilder;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.sqs.SqsClient;

/**
 * AWS on this machine: DynamoDB Local and ElasticMQ in processes of their own, and a stub of S3, with the resources that
 * the template makes; and the production adapters over the SDK's clients.
 */
public final class EmulatedAws implements AutoCloseable {
    private static final String NAME = "stepstile";
    private static final String REGION = "us-east-1";
    private static final String CREDENTIAL = "local";
    private static final int RETENTION_DAYS = 30;
    private static final int SETUP_TRIES = 4;

    private final OpenParts parts = new OpenParts();
    private final CompletableFuture<String> emulatorEnded = new CompletableFuture<>();
    private final AwsUsage usage = new AwsUsage();
    private final Timing timing;
    private final boolean kept;
    private final URI dynamoDbEndpoint;
    private final URI sqsEndpoint;
    private final URI s3Endpoint;
    private final ResourceNames names;
    private final Ports ports;

    private EmulatedAws(
            InetAddress address,
            Path folder,
            Path state,
            boolean kept,
            Timing timing,
            Duration visibility,
            Consumer<String> console) {
        this.timing = timing;
        this.kept = kept;
        try {
            EmulatorDownload.announcement().ifPresent(console);
            // Each is a JVM that takes seconds to start.
            CompletableFuture<EmulatorProcess> starting = CompletableFuture.supplyAsync(
                    () -> DynamoDbLocal.start(address, folder, kept ? state.resolve("dynamodb") : null));
            try {
                sqsEndpoint = watched(ElasticMq.start(address, folder, kept ? state.resolve("sqs") : null));
            } finally {
                dynamoDbEndpoint = watched(starting.join());
            }
            s3Endpoint =
                    parts.opened(S3Stub.start(address, state.resolve("s3"))).endpoint();
            DynamoDbClient dynamoDb = parts.opened(AwsClients.dynamoDb(builder -> at(dynamoDbEndpoint, builder)));
            SqsClient sqs = parts.opened(AwsClients.sqs(builder -> at(sqsEndpoint, builder)));
            S3Client s3 = parts.opened(
                    AwsClients.s3(builder -> at(s3Endpoint, builder).forcePathStyle(true)));
            names = made(new AwsResources(dynamoDb, sqs, s3), visibility);
            ports = AwsPorts.of(dynamoDb, sqs, () -> s3, names, RETENTION_DAYS);
        } catch (CompletionException e) {
            close();
            throw e.getCause() instanceof RuntimeException cause ? cause : e;
        } catch (RuntimeException e) {
            close();
            throw e;
        }
    }

    /**
     * Starts all; it works when this returns.
     *
     * @param address on which the emulators listen
     * @param folder of the stack, for logs and for what emulators need
     * @param state the folder for what is stored
     * @param kept whether tables and messages are stored for the next start
     * @param visibility the queue's visibility timeout
     */
    public static EmulatedAws start(
            InetAddress address,
            Path folder,
            Path state,
            boolean kept,
            Timing timing,
            Duration visibility,
            Consumer<String> console) {
        return new EmulatedAws(address, folder, state, kept, timing, visibility, console);
    }

    /** Again where a call was not answered in time, as the first ones of a new JVM on a busy machine; what is there stays. */
    private static ResourceNames made(AwsResources resources, Duration visibility) {
        for (int tries = 1; ; tries++) {
            try {
                return resources.make(NAME, NAME, NAME, visibility);
            } catch (PortException e) {
                if (tries == SETUP_TRIES) {
                    throw e;
                }
            }
        }
    }

    private <B extends AwsClientBuilder<B, ?>> B at(URI endpoint, B builder) {
        AwsClients.watched(builder, usage);
        return builder.endpointOverride(endpoint)
                .region(Region.of(REGION))
                .credentialsProvider(
                        StaticCredentialsProvider.create(AwsBasicCredentials.create(CREDENTIAL, CREDENTIAL)));
    }

    private URI watched(EmulatorProcess emulator) {
        CompletableFuture<Void> _ = emulator.ended()
                .thenAccept(how -> emulatorEnded.complete("The stack ends, as it cannot work without its emulators: "
                        + how + ". Start it again" + (kept ? "; tables and messages are kept." : ".")));
        return parts.opened(emulator).endpoint();
    }

    /** Completed once an emulator ended by itself, with a sentence for people: nothing works without it. */
    public CompletableFuture<String> emulatorEnded() {
        return emulatorEnded;
    }

    public Ports ports() {
        return ports;
    }

    /** What AWS would have charged for, as far as this JVM called it. */
    public AwsUsage usage() {
        return usage;
    }

    /** What a function in a process of its own finds in its environment. */
    public Map<String, String> variables() {
        Map<String, String> variables = new LinkedHashMap<>();
        variables.put("STEPSTILE_TABLE", names.table());
        variables.put("STEPSTILE_QUEUE_URL", names.queueUrl());
        variables.put("STEPSTILE_DLQ_URL", names.deadLetterUrl());
        variables.put("STEPSTILE_BUCKET", names.bucket());
        variables.put("STEPSTILE_LEASE_SECONDS", seconds(timing.lease()));
        variables.put("STEPSTILE_MARGIN_SECONDS", seconds(timing.margin()));
        variables.put("STEPSTILE_SWEEP_SECONDS", seconds(timing.sweepEvery()));
        variables.put("STEPSTILE_DISPATCH_TIMEOUT_SECONDS", seconds(timing.dispatchTimeout()));
        variables.put("STEPSTILE_SHARDS", Integer.toString(Shards.DEFAULT));
        variables.put("STEPSTILE_RETENTION_DAYS", Integer.toString(RETENTION_DAYS));
        variables.put("STEPSTILE_DYNAMODB_ENDPOINT", dynamoDbEndpoint.toString());
        variables.put("STEPSTILE_SQS_ENDPOINT", sqsEndpoint.toString());
        variables.put("STEPSTILE_S3_ENDPOINT", s3Endpoint.toString());
        variables.put("AWS_REGION", REGION);
        variables.put("AWS_ACCESS_KEY_ID", CREDENTIAL);
        variables.put("AWS_SECRET_ACCESS_KEY", CREDENTIAL);
        return variables;
    }

    private static String seconds(Duration duration) {
        return BigDecimal.valueOf(duration.toNanos(), 9).toPlainString();
    }

    @Override
    public void close() {
        parts.close();
    }
}
