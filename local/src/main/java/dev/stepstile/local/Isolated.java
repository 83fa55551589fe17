package dev.stepstile.local;

import com.amazonaws.services.lambda.runtime.events.SQSBatchResponse;
import com.amazonaws.services.lambda.runtime.events.SQSEvent;
import java.util.Map;

final class Isolated implements StepInvoker {
    Isolated(StackOptions options, Map<String, String> variables) {}

    @Override
    public SQSBatchResponse invoke(SQSEvent event) throws WorkerLost {
        throw new WorkerLost("not yet");
    }

    @Override
    public void close() {}
}
