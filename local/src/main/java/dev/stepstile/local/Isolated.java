package dev.stepstile.local;

import com.amazonaws.services.lambda.runtime.events.SQSBatchResponse;
import com.amazonaws.services.lambda.runtime.events.SQSBatchResponse.BatchItemFailure;
import com.amazonaws.services.lambda.runtime.events.SQSEvent;
import com.amazonaws.services.lambda.runtime.serialization.PojoSerializer;
import com.amazonaws.services.lambda.runtime.serialization.events.LambdaEventSerializers;
import com.fasterxml.jackson.databind.JsonNode;
import dev.stepstile.local.RuntimeApi.Invocation;
import dev.stepstile.local.RuntimeApi.Outcome;
import dev.stepstile.wire.Json;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A step function's environment in a process of its own, which can be killed, run out of heap or exit. It is started
 * with its first batch. One that ended between two batches is replaced without a word; one that ends within a batch is
 * lost, and so is one that runs past the function's timeout: it is killed, as Lambda does.
 */
final class Isolated implements StepInvoker {
    private static final PojoSerializer<SQSEvent> EVENTS =
            LambdaEventSerializers.serializerFor(SQSEvent.class, Isolated.class.getClassLoader());

    private final String handler;
    private final Duration timeout;
    private final Map<String, String> variables;
    private final Path library;
    private final WorkerLog log;
    private volatile @Nullable WorkerProcess worker;
    private volatile boolean closed;

    /**
     * @param handler of the function, as {@code class::method}
     * @param timeout the function's
     * @param variables the function's environment
     * @param library the runtime interface client's native one
     */
    Isolated(String handler, Duration timeout, Map<String, String> variables, Path library, WorkerLog log) {
        this.handler = handler;
        this.timeout = timeout;
        this.variables = Map.copyOf(variables);
        this.library = library;
        this.log = log;
    }

    @Override
    public SQSBatchResponse invoke(SQSEvent event) throws WorkerLost, InterruptedException {
        ByteArrayOutputStream json = new ByteArrayOutputStream();
        EVENTS.toJson(event, json);
        Invocation invocation = Invocation.of(json.toString(StandardCharsets.UTF_8), timeout);
        return switch (taken(invocation).outcome(invocation)) {
            case Outcome.Response(String response) -> answer(response);
            case Outcome.FunctionError(String message) -> throw new IllegalStateException(message);
        };
    }

    private WorkerProcess taken(Invocation invocation) throws WorkerLost, InterruptedException {
        WorkerProcess last = worker;
        if (last != null) {
            if (last.takes(invocation)) {
                return last;
            }
            last.close();
        }
        if (closed) {
            throw new WorkerLost("the environment was closed");
        }
        WorkerProcess fresh = new WorkerProcess(handler, variables, library, log);
        worker = fresh;
        if (closed) {
            fresh.close();
        }
        if (!fresh.takes(invocation)) {
            throw new WorkerLost(fresh.ending());
        }
        return fresh;
    }

    private static SQSBatchResponse answer(String json) {
        List<BatchItemFailure> stay = new ArrayList<>();
        for (JsonNode failure : Json.parse(json).path("batchItemFailures")) {
            stay.add(new BatchItemFailure(failure.path("itemIdentifier").asText()));
        }
        return new SQSBatchResponse(stay);
    }

    @Override
    public void close() {
        closed = true;
        WorkerProcess running = worker;
        if (running != null) {
            running.close();
        }
    }
}
