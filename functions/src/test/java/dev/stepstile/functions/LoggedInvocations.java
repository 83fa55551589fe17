package dev.stepstile.functions;

import com.amazonaws.services.lambda.runtime.events.SQSEvent;
import dev.stepstile.api.StepContext;
import dev.stepstile.api.StepHandler;
import dev.stepstile.api.StepInput;
import dev.stepstile.api.StepResult;
import dev.stepstile.embedded.EmbeddedPorts;
import dev.stepstile.functions.dispatch.DispatchFunction;
import dev.stepstile.functions.runs.RunsFunction;
import dev.stepstile.functions.step.StepFunction;
import dev.stepstile.functions.sweeper.SweeperFunction;
import dev.stepstile.lambda.FunctionEnvironment;
import dev.stepstile.step.Shards;
import dev.stepstile.step.WorkerRecord;
import dev.stepstile.usecase.Handlers;
import dev.stepstile.usecase.SuspectLimiter;
import dev.stepstile.usecase.Timing;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A program that invokes the functions in a JVM of its own, as Lambda has one: what it prints is what CloudWatch gets.
 * A dispatch, its three steps (of which one fails for good), an unrecognised message, a sweep that finds a lost worker, and an audit that
 * finds a record which was altered by hand.
 */
final class LoggedInvocations {
    static final String LOST_WORKER = "the-lost-one";

    private LoggedInvocations() {}

    public static void main(String[] arguments) throws IOException, SQLException {
        try (EmbeddedPorts embedded =
                EmbeddedPorts.open(Path.of(arguments[0]), Duration.ofSeconds(30), InstantSource.system())) {
            Timing timing = Timing.of(
                    Duration.ofMillis(1500), Duration.ofMillis(1), Duration.ofMillis(200), Duration.ofSeconds(30));
            FunctionEnvironment environment = FunctionEnvironment.over(embedded.ports(), timing, Shards.DEFAULT);
            StepFunction step =
                    new StepFunction(environment, new Handlers(List.of(new Talkative())), SuspectLimiter.among(1));
            new DispatchFunction(environment)
                    .handleRequest(Events.stream("dispatch-http"), new ByteArrayOutputStream(), named("dispatch"));
            step.handleRequest(Events.sqs("step-batch"), named("step"));
            SQSEvent often = Events.sqs("step-unrecognised");
            // Received this often, it is executed before the others, on the invocation's own thread.
            often.getRecords().getLast().getAttributes().put("ApproximateReceiveCount", "9");
            step.handleRequest(often, named("step-2"));
            embedded.ports().workers().start(WorkerRecord.starting(LOST_WORKER, List.of(), Instant.EPOCH));
            new SweeperFunction(environment).handleRequest(Events.map("sweeper-schedule"), named("sweeper"));
            damage(Path.of(arguments[0]));
            new RunsFunction(environment)
                    .handleRequest(Events.stream("runs-audit-schedule"), new ByteArrayOutputStream(), named("runs"));
        }
    }

    /** What an audit finds. */
    private static void damage(Path state) throws SQLException {
        try (Connection connection = DriverManager.getConnection("jdbc:sqlite:" + state.resolve("stepstile.db"));
                Statement statement = connection.createStatement()) {
            statement.executeUpdate("UPDATE record SET body = substr(body, 1, 20) WHERE step_key = 'extract'");
        }
    }

    private static Invocation named(String function) {
        return new Invocation("request-of-" + function, function, 900_000);
    }

    /** Logs, prints, and takes long enough for a heartbeat; fails for one region. */
    private static final class Talkative implements StepHandler {
        private static final Logger LOG = LoggerFactory.getLogger("example.Talkative");

        @Override
        public String name() {
            return "stepstile.echo";
        }

        @Override
        public StepResult run(StepInput input, StepContext context) throws InterruptedException {
            LOG.info("handler of {} at work", context.stepKey());
            System.out.println("printed by the handler");
            Thread.sleep(Duration.ofMillis(700));
            if (input.json().contains("\"eu\"")) {
                throw new IllegalStateException("refused for " + input.json());
            }
            return StepResult.ofJson(input.json());
        }
    }
}
