package dev.stepstile.local.isolated;

import com.amazonaws.services.lambda.runtime.Context;
import com.amazonaws.services.lambda.runtime.RequestHandler;
import com.amazonaws.services.lambda.runtime.events.SQSBatchResponse;
import com.amazonaws.services.lambda.runtime.events.SQSEvent;
import dev.stepstile.functions.step.StepFunction;
import dev.stepstile.lambda.FunctionEnvironment;
import dev.stepstile.usecase.Handlers;

/** The step function as on AWS, but that the workers of this machine share the turns of suspects. */
public final class IsolatedStepFunction implements RequestHandler<SQSEvent, SQSBatchResponse> {
    private final StepFunction function;

    public IsolatedStepFunction() {
        function = new StepFunction(SuspectLocks.ofThisWorker());
    }

    /** @param handlers instead of those on the class path */
    public IsolatedStepFunction(Handlers handlers) {
        function = new StepFunction(FunctionEnvironment.onAws(), handlers, SuspectLocks.ofThisWorker());
    }

    @Override
    public SQSBatchResponse handleRequest(SQSEvent event, Context context) {
        return function.handleRequest(event, context);
    }
}
