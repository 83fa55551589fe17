package dev.stepstile.local.isolated;

import com.amazonaws.services.lambda.runtime.events.SQSBatchResponse;
import com.amazonaws.services.lambda.runtime.events.SQSBatchResponse.BatchItemFailure;
import com.amazonaws.services.lambda.runtime.events.SQSEvent;
import com.amazonaws.services.lambda.runtime.serialization.PojoSerializer;
import com.amazonaws.services.lambda.runtime.serialization.events.LambdaEventSerializers;
import com.fasterxml.jackson.databind.JsonNode;
import dev.stepstile.codec.Json;
import dev.stepstile.local.events.Worker;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** A step function's environment in a process of its own. */
public final class IsolatedWorker implements Worker {
    private static final PojoSerializer<SQSEvent> EVENTS =
            LambdaEventSerializers.serializerFor(SQSEvent.class, IsolatedWorker.class.getClassLoader());

    private final IsolatedFunction function;

    public IsolatedWorker(IsolatedFunction function) {
        this.function = function;
    }

    @Override
    public SQSBatchResponse invoke(SQSEvent event) throws WorkerLost, InterruptedException {
        ByteArrayOutputStream json = new ByteArrayOutputStream();
        EVENTS.toJson(event, json);
        return answer(function.invoke(json.toString(StandardCharsets.UTF_8)));
    }

    private static SQSBatchResponse answer(String json) {
        List<BatchItemFailure> stay = new ArrayList<>();
        for (JsonNode failure : Json.parse(json).path("batchItemFailures")) {
            stay.add(new BatchItemFailure(failure.path("itemIdentifier").asText()));
        }
        return new SQSBatchResponse(stay);
    }

    @Override
    public void stop() {
        function.stop();
    }

    @Override
    public void close() {
        function.close();
    }
}
