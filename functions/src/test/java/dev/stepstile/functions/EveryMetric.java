package dev.stepstile.functions;

import com.amazonaws.services.lambda.runtime.RequestStreamHandler;
import com.amazonaws.services.lambda.runtime.events.SQSEvent;
import dev.stepstile.api.StepContext;
import dev.stepstile.api.StepHandler;
import dev.stepstile.api.StepInput;
import dev.stepstile.api.StepResult;
import dev.stepstile.api.TerminalFailure;
import dev.stepstile.embedded.EmbeddedPorts;
import dev.stepstile.functions.dispatch.DispatchFunction;
import dev.stepstile.functions.runs.RunsFunction;
import dev.stepstile.functions.step.StepFunction;
import dev.stepstile.functions.sweeper.SweeperFunction;
import dev.stepstile.lambda.FunctionEnvironment;
import dev.stepstile.port.Notifier;
import dev.stepstile.port.Ports;
import dev.stepstile.port.StepQueue.Delivery;
import dev.stepstile.step.NotifyTarget;
import dev.stepstile.step.Shards;
import dev.stepstile.step.WorkerRecord;
import dev.stepstile.usecase.Handlers;
import dev.stepstile.usecase.SuspectLimiter;
import dev.stepstile.usecase.Timing;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * A program that invokes the four functions in a JVM of its own, as Lambda has one, and has everything happen to them that is
 * counted or measured: what it prints is what CloudWatch gets.
 */
final class EveryMetric {
    private static final Timing TIMING =
            Timing.of(Duration.ofMinutes(5), Duration.ofMillis(1), Duration.ofMillis(200), Duration.ofSeconds(30));

    private final Ports ports;
    private final DispatchFunction dispatch;
    private final RunsFunction runs;
    private final StepFunction step;
    private final SweeperFunction sweeper;

    private EveryMetric(Ports ports) {
        this.ports = ports.withNotifier(new EventsAlone());
        FunctionEnvironment environment = FunctionEnvironment.over(this.ports, TIMING, Shards.DEFAULT);
        this.dispatch = new DispatchFunction(environment);
        this.runs = new RunsFunction(environment);
        this.step = new StepFunction(
                environment, new Handlers(List.of(new ByKey(), new Patient())), SuspectLimiter.among(1));
        this.sweeper = new SweeperFunction(environment);
    }

    public static void main(String[] arguments) throws IOException, InterruptedException, SQLException {
        Path state = Path.of(arguments[0]);
        try (EmbeddedPorts embedded = EmbeddedPorts.open(state, Duration.ofSeconds(30), InstantSource.system())) {
            EveryMetric functions = new EveryMetric(embedded.ports());
            functions.paused();
            functions.endsAndRetries();
            functions.messages();
            functions.lostWorker();
            functions.redriveAndCancel();
            functions.notifications();
            change(state, "UPDATE record SET body = substr(body, 1, 20) WHERE step_key = 'damaged'");
            Thread.sleep(Duration.ofSeconds(2)); // a retry is overdue
            functions.sweep();
            call(functions.runs, "/v1/audit", "{}");
            change(state, "ALTER TABLE run RENAME TO lost");
            if (isAnswered(functions.runs, "/v1/audit", "{}")) {
                throw new IllegalStateException("an audit without runs");
            }
            change(state, "ALTER TABLE lost RENAME TO run");
            functions.stopped();
        }
    }

    private void paused() throws IOException {
        dispatch("paused", "{\"key\":\"good\"}");
        call(runs, "/v1/runs/paused/pause", "{}");
        execute(receive("paused"));
    }

    /** Successes, failures, a dead letter, retries, and a handler that ignores its timeout. */
    private void endsAndRetries() throws IOException {
        dispatch(
                "ends",
                "{\"key\":\"good\"},{\"key\":\"failed\"},{\"key\":\"dead\",\"maxAttempts\":1},{\"key\":\"retried\"},"
                        + "{\"key\":\"damaged\"},{\"key\":\"deaf\",\"timeoutSeconds\":1}");
        execute(receive("ends"));
    }

    /** One that comes twice, and one that nobody dispatched. */
    private void messages() throws IOException {
        dispatch("twice", "{\"key\":\"good\"}");
        SQSEvent first = receive("twice");
        execute(first);
        execute(first);
        execute(Events.sqs("step-unrecognised"));
    }

    /** Its worker is revoked while it runs; then it runs alone, in a later batch. */
    private void lostWorker() throws IOException {
        dispatch("lost", "{\"key\":\"lost\",\"handler\":\"patient\"}");
        execute(receive("lost"));
        execute(receive("lost"));
        sweep();
    }

    private void redriveAndCancel() throws IOException {
        call(runs, "/v1/runs/ends/redrive", "{\"keys\":[\"dead\"]}");
        dispatch("cancelled", "{\"key\":\"good\"}");
        call(runs, "/v1/runs/cancelled/cancel", "{}");
    }

    /** One that is accepted, and one that is not wanted; told by the sweep that closes them. */
    private void notifications() throws IOException {
        for (String target : List.of("{\"event\":{}}", "{\"webhook\":{\"url\":\"https://hooks.example.com/\"}}")) {
            String run = "told-" + target.length();
            call(
                    dispatch,
                    "/v1/runs/" + run + "/dispatches",
                    "{\"notify\":" + target + ",\"steps\":[{\"key\":\"good\",\"handler\":\"by-key\"}]}");
            execute(receive(run));
        }
    }

    /** Accepts events, and wants no webhooks. */
    private static final class EventsAlone implements Notifier {
        @Override
        public @Nullable String refusal(NotifyTarget target) {
            return null;
        }

        @Override
        public Outcome send(NotifyTarget target, Notice notice) {
            return target instanceof NotifyTarget.Event ? new Outcome.Delivered() : new Outcome.Gone("not wanted");
        }
    }

    /** Its function is told to stop while it runs, and starts nothing more after it. */
    private void stopped() throws IOException {
        dispatch("stopped", "{\"key\":\"stopped\"}");
        try {
            execute(receive("stopped"));
        } catch (IllegalStateException toldToStop) {
            // the function was stopped
        }
    }

    private void dispatch(String run, String steps) throws IOException {
        call(
                dispatch,
                "/v1/runs/" + run + "/dispatches",
                "{\"dispatchId\":\"d1\",\"defaults\":{\"handler\":\"by-key\"},\"steps\":[" + steps + "]}");
    }

    private static void call(RequestStreamHandler function, String path, String body) throws IOException {
        if (!isAnswered(function, path, body)) {
            throw new IllegalStateException(path + " was refused");
        }
    }

    private static boolean isAnswered(RequestStreamHandler function, String path, String body) throws IOException {
        String event = "{\"method\":\"POST\",\"path\":\"" + path + "\",\"body\":" + body + "}";
        ByteArrayOutputStream answer = new ByteArrayOutputStream();
        function.handleRequest(
                new ByteArrayInputStream(event.getBytes(StandardCharsets.UTF_8)), answer, Invocation.of("api"));
        String text = answer.toString(StandardCharsets.UTF_8);
        return text.contains("\"status\":20");
    }

    /** A run's messages that are visible, as the event source mapping passes them on. */
    private SQSEvent receive(String run) {
        SQSEvent event = new SQSEvent();
        event.setRecords(ports.queue().receive(10, Duration.ZERO).stream()
                .filter(delivery -> delivery.body().contains("\"runId\":\"" + run + "\""))
                .map(EveryMetric::message)
                .collect(Collectors.toList()));
        return event;
    }

    private static SQSEvent.SQSMessage message(Delivery delivery) {
        SQSEvent.SQSMessage message = new SQSEvent.SQSMessage();
        message.setMessageId(delivery.messageId());
        message.setReceiptHandle(delivery.receipt());
        message.setBody(delivery.body());
        message.setAttributes(Map.of(
                "ApproximateReceiveCount", Integer.toString(delivery.receiveCount()),
                "SentTimestamp", Long.toString(delivery.sentAt().toEpochMilli())));
        return message;
    }

    private void execute(SQSEvent batch) {
        step.handleRequest(batch, Invocation.of("step"));
    }

    private void sweep() {
        sweeper.handleRequest(Events.map("sweeper-schedule"), Invocation.of("sweeper"));
    }

    private static void change(Path state, String sql) throws SQLException {
        try (Connection connection = DriverManager.getConnection("jdbc:sqlite:" + state.resolve("stepstile.db"));
                Statement statement = connection.createStatement()) {
            statement.executeUpdate(sql);
        }
    }

    /** Does what its step's key says. */
    private final class ByKey implements StepHandler {
        @Override
        public String name() {
            return "by-key";
        }

        @Override
        public StepResult run(StepInput input, StepContext context) throws InterruptedException {
            switch (context.stepKey()) {
                case "failed" -> throw new TerminalFailure("pointless");
                case "dead", "retried", "damaged" -> throw new IllegalStateException("broken");
                case "deaf" -> hearsNothing(Duration.ofSeconds(30));
                case "stopped" -> {
                    Thread.ofVirtual().start(EveryMetric.this::stop);
                    Thread.sleep(Duration.ofMinutes(1));
                }
                default -> {}
            }
            return StepResult.ofJson("{}");
        }
    }

    /** Loses its worker once, and has its result all the same: it does not hear that it is interrupted, and is waited for. */
    private final class Patient implements StepHandler {
        @Override
        public String name() {
            return "patient";
        }

        @Override
        public Duration grace() {
            return Duration.ofMinutes(1);
        }

        @Override
        public StepResult run(StepInput input, StepContext context) {
            if (context.attempt() == 1) {
                CompletableFuture.runAsync(
                                EveryMetric.this::loseWorkers,
                                losing -> Thread.ofPlatform()
                                        .inheritInheritableThreadLocals(false)
                                        .start(losing))
                        .join(); // it is interrupted meanwhile, and takes no notice
            }
            return StepResult.ofJson("{}");
        }
    }

    /** In a thread of its own: what a handler's thread prints belongs to its step's log, and so would the sweeper's metrics. */
    private void loseWorkers() {
        revokeAllWorkers();
        sweep();
    }

    private void stop() {
        step.stop(Duration.ZERO);
    }

    private static void hearsNothing(Duration most) {
        Instant end = Instant.now().plus(most);
        while (Instant.now().isBefore(end)) {
            try {
                Thread.sleep(Duration.ofSeconds(1));
            } catch (InterruptedException ignored) {
                // that is what it does
            }
        }
    }

    /** As if they had been found silent long ago, by someone who did not finish. */
    private void revokeAllWorkers() {
        for (int bucket = 0; bucket < WorkerRecord.BUCKETS; bucket++) {
            for (WorkerRecord worker : ports.workers().workers(bucket, null, 100)) {
                ports.workers().revoke(worker, Instant.now().minus(Duration.ofHours(1)));
            }
        }
    }
}
