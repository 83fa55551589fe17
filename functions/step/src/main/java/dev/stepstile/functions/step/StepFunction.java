package dev.stepstile.functions.step;

import com.amazonaws.services.lambda.runtime.Context;
import com.amazonaws.services.lambda.runtime.RequestHandler;
import com.amazonaws.services.lambda.runtime.events.SQSBatchResponse;
import com.amazonaws.services.lambda.runtime.events.SQSBatchResponse.BatchItemFailure;
import com.amazonaws.services.lambda.runtime.events.SQSEvent;
import dev.stepstile.lambda.Environment;
import dev.stepstile.protocol.Handlers;
import dev.stepstile.protocol.StepExecution;
import dev.stepstile.runtime.CapturedOutput;
import dev.stepstile.store.StepQueue.Delivery;
import java.util.List;

/** A batch of messages; the answer names those that are to stay in the queue. */
public final class StepFunction implements RequestHandler<SQSEvent, SQSBatchResponse> {
    private final Environment environment;
    private final StepExecution execution;

    public StepFunction() {
        this(Environment.onAws(), InstalledHandlers.load());
    }

    public StepFunction(Environment environment, Handlers handlers) {
        this.environment = environment;
        this.execution =
                environment.stepstile().execution(handlers, CapturedOutput.installed(), new FencedIdempotency());
    }

    @Override
    public SQSBatchResponse handleRequest(SQSEvent event, Context context) {
        List<Delivery> batch = Deliveries.of(event);
        FencedIdempotency.register(context);
        List<String> stay =
                environment.invocation(context, () -> execution.execute(batch, environment.deadline(context)));
        return new SQSBatchResponse(stay.stream().map(BatchItemFailure::new).toList());
    }
}
