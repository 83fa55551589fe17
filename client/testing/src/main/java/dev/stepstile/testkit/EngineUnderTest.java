package dev.stepstile.testkit;

import com.fasterxml.jackson.databind.JsonNode;
import dev.stepstile.codec.Json;
import dev.stepstile.embedded.EmbeddedPorts;
import dev.stepstile.http.DispatchApi;
import dev.stepstile.http.Http;
import dev.stepstile.http.RequestTarget;
import dev.stepstile.http.RunsApi;
import dev.stepstile.port.Ports;
import dev.stepstile.port.StepQueue.Delivery;
import dev.stepstile.runtime.CapturedOutput;
import dev.stepstile.step.Shards;
import dev.stepstile.usecase.AttemptRunner;
import dev.stepstile.usecase.EngineRuntime;
import dev.stepstile.usecase.Handlers;
import dev.stepstile.usecase.InMemoryMeter;
import dev.stepstile.usecase.StepExecution;
import dev.stepstile.usecase.Stepstile;
import dev.stepstile.usecase.Tasks;
import dev.stepstile.usecase.Timing;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/** The engine over ports in memory: its workers, its sweeper, and the calls of its API. */
final class EngineUnderTest implements AutoCloseable {
    /** As deployed. */
    private static final Duration VISIBILITY = Duration.ofMinutes(90);

    private static final Duration CALL = Duration.ofSeconds(29);
    private static final Duration FUNCTION_TIMEOUT = Duration.ofMinutes(15);
    private static final Duration SWEEP_TIMEOUT = Duration.ofSeconds(50);

    private final TestTime time;
    private final Timing timing;
    private final EmbeddedPorts embedded;
    private final Stepstile control;

    EngineUnderTest(TestTime time, Timing timing) {
        this.time = time;
        this.timing = timing;
        this.embedded = EmbeddedPorts.inMemory(VISIBILITY, time);
        this.control = over(embedded.ports(), time);
    }

    Ports ports() {
        return embedded.ports();
    }

    Timing timing() {
        return timing;
    }

    private Stepstile of(WorkerLife worker) {
        return over(embedded.ports().decorated(worker), worker.over(time));
    }

    private Stepstile over(Ports ports, Tasks tasks) {
        EngineRuntime runtime =
                new EngineRuntime(time, new Random(7), () -> UUID.randomUUID().toString(), tasks);
        return new Stepstile(ports, timing, runtime, new InMemoryMeter());
    }

    /** Has a worker execute a batch; what is answered is what stays in the queue. */
    CompletableFuture<List<String>> execute(WorkerLife worker, Handlers handlers, List<Delivery> batch) {
        StepExecution execution =
                of(worker).execution(handlers, CapturedOutput.overPresentStreams(), AttemptRunner.DIRECT);
        CompletableFuture<List<String>> executed = new CompletableFuture<>();
        worker.executes(executed);
        Thread.ofVirtual().name("worker").start(() -> {
            try {
                executed.complete(execution.execute(batch, time.instant().plus(FUNCTION_TIMEOUT)));
            } catch (Throwable thrown) { // told to who waits
                executed.completeExceptionally(thrown);
            }
        });
        return executed;
    }

    /** Sweeps once. */
    void sweep() throws InterruptedException {
        control.sweep().sweep(time.instant().plus(SWEEP_TIMEOUT));
    }

    /** Makes one call of the API. */
    Http.Answer answer(String method, String path, String query, @Nullable String body) throws InterruptedException {
        return answer(method, path, query, Map.of(), body);
    }

    /** @param headers by lower-case name */
    Http.Answer answer(String method, String path, String query, Map<String, String> headers, @Nullable String body)
            throws InterruptedException {
        try {
            Map<String, String> parameters = RequestTarget.query(query);
            Http.Call call = new Http.Call(method, RequestTarget.path(path), parameters, headers, body);
            return path.endsWith("/dispatches")
                    ? new DispatchApi(control.dispatcher(Shards.DEFAULT)).answer(call)
                    : new RunsApi(control).answer(call, time.instant().plus(CALL));
        } catch (Http.Problem problem) {
            return problem.answer();
        }
    }

    /** The body of an answer; null if it is a 404. */
    @Nullable
    JsonNode body(String method, String path, String query, @Nullable String body) throws InterruptedException {
        return body(answer(method, path, query, body));
    }

    /** @throws IllegalArgumentException if it is a problem, but for a 404: then null */
    @Nullable
    JsonNode body(Http.Answer answer) {
        JsonNode node = Json.parse(answer.body());
        if (answer.status() >= 400 && answer.status() != 404) {
            throw new IllegalArgumentException(node.path("detail").asText());
        }
        return answer.status() == 404 ? null : node;
    }

    @Override
    public void close() {
        embedded.close();
    }
}
