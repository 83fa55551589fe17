package dev.stepstile.functions.step;

import com.amazonaws.services.lambda.runtime.Context;
import com.amazonaws.services.lambda.runtime.RequestHandler;
import com.amazonaws.services.lambda.runtime.events.SQSBatchResponse;
import com.amazonaws.services.lambda.runtime.events.SQSBatchResponse.BatchItemFailure;
import com.amazonaws.services.lambda.runtime.events.SQSEvent;
import dev.stepstile.lambda.FunctionEnvironment;
import dev.stepstile.runtime.CapturedOutput;
import dev.stepstile.usecase.Handlers;
import dev.stepstile.usecase.StepExecution;
import dev.stepstile.usecase.SuspectLimit;
import dev.stepstile.usecase.SuspectLimiter;
import java.time.Duration;
import java.util.List;

/** A batch of messages; the answer names those that are to stay in the queue. */
public final class StepFunction implements RequestHandler<SQSEvent, SQSBatchResponse> {
    private final FunctionEnvironment environment;
    private final StepExecution execution;
    private final Termination termination;

    /** In a process of its own, which releases its steps when it is terminated. */
    public StepFunction() {
        this(SuspectLimiter.among(1));
    }

    /** As on AWS, but for the turns of suspects. */
    public StepFunction(SuspectLimit suspects) {
        this(FunctionEnvironment.onAws(StepRehearsal::rehearse), InstalledHandlers.load(), suspects);
        termination.bySignal();
    }

    /** @param suspects shared by the environments of one machine */
    public StepFunction(FunctionEnvironment environment, Handlers handlers, SuspectLimit suspects) {
        this.environment = environment;
        this.execution = environment
                .stepstile()
                .execution(handlers, CapturedOutput.installed(), new FencedIdempotency(), suspects);
        this.termination = new Termination(execution);
    }

    /**
     * Starts nothing more, interrupts running steps, and releases those that have not ended after {@code patience}: they
     * run again elsewhere, and their attempts are not counted.
     */
    public void stop(Duration patience) {
        termination.stop(patience);
    }

    @Override
    public SQSBatchResponse handleRequest(SQSEvent event, Context context) {
        FencedIdempotency.register(context);
        List<String> stay = termination.awaits(() -> environment.invocation(
                context, () -> execution.execute(Deliveries.of(event), environment.deadline(context))));
        return new SQSBatchResponse(stay.stream().map(BatchItemFailure::new).toList());
    }
}
