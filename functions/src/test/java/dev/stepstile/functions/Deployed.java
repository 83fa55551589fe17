package dev.stepstile.functions;

import com.amazonaws.services.lambda.runtime.RequestStreamHandler;
import com.fasterxml.jackson.databind.JsonNode;
import dev.stepstile.api.StepHandler;
import dev.stepstile.codec.Json;
import dev.stepstile.embedded.EmbeddedPorts;
import dev.stepstile.functions.dispatch.DispatchFunction;
import dev.stepstile.functions.runs.RunsFunction;
import dev.stepstile.functions.step.StepFunction;
import dev.stepstile.functions.sweeper.SweeperFunction;
import dev.stepstile.handlers.Echo;
import dev.stepstile.lambda.FunctionEnvironment;
import dev.stepstile.port.Ports;
import dev.stepstile.runtime.JvmRuntime;
import dev.stepstile.step.Shards;
import dev.stepstile.step.StepId;
import dev.stepstile.step.StepRecord;
import dev.stepstile.step.StepState;
import dev.stepstile.usecase.EngineRuntime;
import dev.stepstile.usecase.Handlers;
import dev.stepstile.usecase.InMemoryMeter;
import dev.stepstile.usecase.Stepstile;
import dev.stepstile.usecase.SuspectLimiter;
import dev.stepstile.usecase.SweepReport;
import dev.stepstile.usecase.Timing;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;

/** The four functions over the embedded ports, invoked as Lambda does. Its clock can be moved on. */
final class Deployed implements AutoCloseable {
    private final AtomicReference<Duration> ahead = new AtomicReference<>(Duration.ZERO);
    private final InMemoryMeter tally = new InMemoryMeter();
    private final EmbeddedPorts embedded;
    private final FunctionEnvironment environment;

    Deployed(Path folder) {
        embedded = EmbeddedPorts.open(folder.resolve("state"), Duration.ofSeconds(30), this::now);
        EngineRuntime real = JvmRuntime.create();
        EngineRuntime runtime = new EngineRuntime(this::now, real.random(), real.ids(), real.tasks());
        environment = new FunctionEnvironment(
                new Stepstile(ports(), Timing.DEFAULT, runtime, tally), Shards.DEFAULT, () -> {});
    }

    private Instant now() {
        return Instant.now().plus(ahead.get());
    }

    /** Time passes. */
    void after(Duration duration) {
        ahead.updateAndGet(sum -> sum.plus(duration));
    }

    Ports ports() {
        return embedded.ports();
    }

    InMemoryMeter counts() {
        return tally;
    }

    /** Invokes the step function with a sample event; the messages that stay in the queue. */
    List<String> step(String event, StepHandler... handlers) {
        List<StepHandler> installed = handlers.length == 0 ? List.of(new Echo()) : List.of(handlers);
        StepFunction function = new StepFunction(environment, new Handlers(installed), SuspectLimiter.among(1));
        return function.handleRequest(Events.sqs(event), Invocation.of("step")).getBatchItemFailures().stream()
                .map(failure -> failure.getItemIdentifier())
                .toList();
    }

    JsonNode dispatch(String event) {
        return answer(new DispatchFunction(environment), Events.stream(event));
    }

    JsonNode runs(String event) {
        return answer(new RunsFunction(environment), Events.stream(event));
    }

    /** A direct call of the function that answers it. */
    JsonNode call(String method, String path) {
        String event =
                Json.print(Json.object().put("method", method).put("path", path).put("body", "{}"));
        InputStream in = new ByteArrayInputStream(event.getBytes(StandardCharsets.UTF_8));
        return answer(
                path.endsWith("/dispatches") ? new DispatchFunction(environment) : new RunsFunction(environment), in);
    }

    JsonNode answer(String event) {
        return answer(event.getBytes(StandardCharsets.UTF_8));
    }

    JsonNode answer(byte[] event) {
        return answer(new DispatchFunction(environment), new ByteArrayInputStream(event));
    }

    /** Gives the runs function an event as it stands. */
    JsonNode asked(String event) {
        return answer(new RunsFunction(environment), new ByteArrayInputStream(event.getBytes(StandardCharsets.UTF_8)));
    }

    SweepReport sweep() {
        return new SweeperFunction(environment).handleRequest(Events.map("sweeper-schedule"), Invocation.of("sweeper"));
    }

    Optional<StepRecord> record(String stepKey) {
        return ports().store().record(new StepId("nightly", stepKey), Shards.of(stepKey, Shards.DEFAULT));
    }

    StepState.Name state(String stepKey) {
        return record(stepKey).map(record -> record.state().name()).orElse(StepState.Name.QUEUED);
    }

    private static JsonNode answer(RequestStreamHandler function, InputStream event) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try {
            function.handleRequest(event, out, Invocation.of("api"));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return Json.parse(out.toString(StandardCharsets.UTF_8));
    }

    @Override
    public void close() {
        embedded.close();
    }
}
