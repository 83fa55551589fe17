package dev.stepstile.local.runbooks;

import com.amazonaws.services.lambda.runtime.RequestStreamHandler;
import com.amazonaws.services.lambda.runtime.events.SQSBatchResponse;
import com.amazonaws.services.lambda.runtime.events.SQSEvent;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.stepstile.api.StepHandler;
import dev.stepstile.aws.AwsClients;
import dev.stepstile.aws.AwsPorts;
import dev.stepstile.aws.ResourceNames;
import dev.stepstile.emulators.HiddenLoopback;
import dev.stepstile.functions.dispatch.DispatchFunction;
import dev.stepstile.functions.runs.RunsFunction;
import dev.stepstile.functions.step.StepFunction;
import dev.stepstile.functions.sweeper.SweeperFunction;
import dev.stepstile.lambda.FunctionEnvironment;
import dev.stepstile.local.aws.EmulatedAws;
import dev.stepstile.local.events.EventSourceMapping;
import dev.stepstile.local.events.LocalContext;
import dev.stepstile.local.events.Worker;
import dev.stepstile.local.http.HttpApi;
import dev.stepstile.local.parts.OpenParts;
import dev.stepstile.port.Ports;
import dev.stepstile.runtime.JvmRuntime;
import dev.stepstile.runtime.SteadyClock;
import dev.stepstile.step.Shards;
import dev.stepstile.usecase.Handlers;
import dev.stepstile.usecase.InMemoryMeter;
import dev.stepstile.usecase.Metric;
import dev.stepstile.usecase.Stepstile;
import dev.stepstile.usecase.SuspectLimiter;
import dev.stepstile.usecase.SweepReport;
import dev.stepstile.usecase.Timing;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.awscore.client.builder.AwsClientBuilder;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.sqs.SqsClient;

/**
 * A stack over emulators whose functions have what Lambda gives them, and runbooks change: versions with an alias, a
 * reserved concurrency, an event source mapping that can be disabled, and a table that a deployment names.
 */
final class RunbookStack implements AutoCloseable {
    static final String DISPATCH = "stack-DispatchFunction-1";
    static final String RUNS = "stack-RunsFunction-1";
    static final String STEP = "stack-StepFunction-1";
    static final String SWEEPER = "stack-SweeperFunction-1";

    /** A lost message is sent again 8 leases after its last send. */
    static final Timing TIMING =
            Timing.of(Duration.ofSeconds(3), Duration.ofSeconds(2), Duration.ofSeconds(1), Duration.ofSeconds(30));

    private static final Duration TIMEOUT = Duration.ofMinutes(2);
    private static final int WORKERS = 2;
    private static final int RETENTION_DAYS = 30;

    private final OpenParts parts = new OpenParts();
    private final InMemoryMeter meter = new InMemoryMeter();
    private final EmulatedAws aws;
    private final DynamoDbClient dynamoDb;
    private final SqsClient sqs;
    private final S3Client s3;
    private final HttpApi api;
    private final Map<String, Integer> concurrency = new HashMap<>();
    private final List<List<StepHandler>> versions =
            List.of(List.of(new RunbookHandler(false)), List.of(new RunbookHandler(true)));
    private int live = 1;
    private boolean enabled = true;
    private @Nullable EventSourceMapping polling;
    private volatile Deployment deployed;

    /** What the functions run, and over which table. */
    private record Deployment(String table, FunctionEnvironment environment, List<StepHandler> handlers) {}

    RunbookStack(Path folder) {
        aws = parts.opened(EmulatedAws.start(
                HiddenLoopback.address(),
                folder,
                folder.resolve("state"),
                false,
                TIMING,
                Duration.ofMinutes(2),
                line -> {}));
        dynamoDb = parts.opened(AwsClients.dynamoDb(builder -> at(builder, "STEPSTILE_DYNAMODB_ENDPOINT")));
        sqs = parts.opened(AwsClients.sqs(builder -> at(builder, "STEPSTILE_SQS_ENDPOINT")));
        s3 = parts.opened(
                AwsClients.s3(builder -> at(builder, "STEPSTILE_S3_ENDPOINT").forcePathStyle(true)));
        deployed = deployment(variable("STEPSTILE_TABLE"));
        api = parts.opened(new HttpApi(
                0,
                throttled(
                        DISPATCH,
                        (in, out, context) ->
                                new DispatchFunction(deployed.environment()).handleRequest(in, out, context)),
                throttled(
                        RUNS,
                        (in, out, context) ->
                                new RunsFunction(deployed.environment()).handleRequest(in, out, context))));
        Thread sweeper = Thread.ofPlatform().daemon().name("schedule").start(this::sweepNowAndThen);
        parts.opened((AutoCloseable) sweeper::interrupt);
        poll();
    }

    private <B extends AwsClientBuilder<B, ?>> B at(B builder, String endpoint) {
        return builder.endpointOverride(URI.create(variable(endpoint)))
                .region(Region.of(variable("AWS_REGION")))
                .credentialsProvider(StaticCredentialsProvider.create(AwsBasicCredentials.create("local", "local")));
    }

    /** Of a function's environment. */
    String variable(String name) {
        return String.valueOf(aws.variables().get(name));
    }

    /** The table that the functions use. */
    String table() {
        return deployed.table();
    }

    URI endpoint() {
        return api.endpoint();
    }

    DynamoDbClient dynamoDb() {
        return dynamoDb;
    }

    long counted(Metric metric) {
        return meter.of(metric);
    }

    Ports portsOver(String table) {
        ResourceNames names = new ResourceNames(
                table, variable("STEPSTILE_QUEUE_URL"), variable("STEPSTILE_DLQ_URL"), variable("STEPSTILE_BUCKET"));
        return AwsPorts.of(dynamoDb, sqs, () -> s3, names, RETENTION_DAYS);
    }

    /** New environments: nothing that an earlier one has read is known. */
    private Deployment deployment(String table) {
        SteadyClock clock = SteadyClock.system();
        Stepstile stepstile = new Stepstile(portsOver(table), TIMING, JvmRuntime.create(clock), meter);
        FunctionEnvironment environment = new FunctionEnvironment(stepstile, Shards.DEFAULT, clock::follow, () -> {});
        return new Deployment(table, environment, versions.get(live - 1));
    }

    /** As a deployment with another table: each function gets a new version, whose environment names it. */
    synchronized void deploy(String table) {
        deployed = deployment(table);
    }

    synchronized int version() {
        return live;
    }

    int versionCount() {
        return versions.size();
    }

    /** Points the alias at a version; what runs goes on as it is. */
    synchronized void pointAt(int version) {
        live = version;
        deployed = deployment(deployed.table());
    }

    synchronized boolean enabled() {
        return enabled;
    }

    synchronized void enable(boolean on) {
        enabled = on;
        poll();
    }

    /** Disables the mapping, and waits until a poll that had begun has ended. */
    void rest() {
        EventSourceMapping before;
        synchronized (this) {
            before = polling;
            enable(false);
        }
        if (before != null && !before.drained(Duration.ofSeconds(30))) {
            throw new IllegalStateException("steps are running");
        }
    }

    /** @param most null for no reserved concurrency */
    synchronized void reserve(String function, @Nullable Integer most) {
        if (most == null) {
            concurrency.remove(function);
        } else {
            concurrency.put(function, most);
        }
        poll();
    }

    synchronized @Nullable Integer reserved(String function) {
        return concurrency.get(function);
    }

    private synchronized boolean isThrottled(String function) {
        return concurrency.getOrDefault(function, 1) == 0;
    }

    private synchronized void poll() {
        boolean on = enabled && !isThrottled(STEP);
        if (on && polling == null) {
            polling = new EventSourceMapping(portsOver(deployed.table()).queue(), LiveWorker::new, () -> {});
            polling.start(WORKERS);
        } else if (!on && polling != null) {
            polling.drained(Duration.ZERO); // what runs goes on to its end, and its messages are deleted
            polling = null;
        }
    }

    private void sweepNowAndThen() {
        try {
            while (true) {
                Thread.sleep(TIMING.sweepEvery());
                if (!isThrottled(SWEEPER)) {
                    sweep();
                }
            }
        } catch (InterruptedException closed) {
            Thread.currentThread().interrupt();
        }
    }

    private SweepReport sweep() {
        return new SweeperFunction(deployed.environment()).handleRequest(Map.of(), new LocalContext(SWEEPER, TIMEOUT));
    }

    /** Invokes the version behind the alias. */
    String invoke(String function, InputStream event, OutputStream answer) throws IOException {
        LocalContext context = new LocalContext(function, TIMEOUT);
        switch (function) {
            case DISPATCH -> new DispatchFunction(deployed.environment()).handleRequest(event, answer, context);
            case RUNS -> new RunsFunction(deployed.environment()).handleRequest(event, answer, context);
            case SWEEPER -> answer.write(new ObjectMapper().writeValueAsBytes(sweep()));
            default -> throw new IllegalArgumentException(function);
        }
        return Integer.toString(version());
    }

    /** API Gateway's answer for a function that Lambda throttles. */
    private RequestStreamHandler throttled(String function, RequestStreamHandler handler) {
        return (in, out, context) -> {
            if (isThrottled(function)) {
                out.write("{\"statusCode\":503,\"body\":\"{\\\"message\\\":\\\"Service Unavailable\\\"}\"}"
                        .getBytes(StandardCharsets.UTF_8));
            } else {
                handler.handleRequest(in, out, context);
            }
        };
    }

    @Override
    public void close() {
        enable(false);
        parts.close();
    }

    /** An environment of the step function, of the version that the alias names when it is invoked. */
    private final class LiveWorker implements Worker {
        private @Nullable Deployment of;
        private @Nullable StepFunction function;

        @Override
        public SQSBatchResponse invoke(SQSEvent event) {
            Deployment now = deployed;
            StepFunction current = function;
            if (current == null || !now.equals(of)) {
                current = new StepFunction(now.environment(), new Handlers(now.handlers()), SuspectLimiter.among(1));
                function = current;
                of = now;
            }
            return current.handleRequest(event, new LocalContext(STEP, TIMEOUT));
        }

        @Override
        public void stop() {
            StepFunction current = function;
            if (current != null) {
                current.stop(STOP_TIMEOUT);
            }
        }

        @Override
        public void close() {}
    }
}
