package dev.stepstile.local;

import com.amazonaws.services.lambda.runtime.events.SQSBatchResponse;
import com.amazonaws.services.lambda.runtime.events.SQSEvent;
import dev.stepstile.functions.step.StepFunction;
import dev.stepstile.lambda.FunctionEnvironment;
import dev.stepstile.local.events.LocalContext;
import dev.stepstile.local.events.Worker;
import dev.stepstile.usecase.Handlers;
import dev.stepstile.usecase.SuspectLimiter;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;

/** A step function's environment in this JVM. */
final class InProcessWorker implements Worker {
    private final SuspectLimiter suspects;
    private final Duration timeout;
    private final StepFunction function;

    /**
     * @param handlers shared with other workers, and not closed with this one
     * @param suspects this worker's share
     * @param timeout the function's
     */
    InProcessWorker(FunctionEnvironment environment, Handlers handlers, SuspectLimiter suspects, Duration timeout) {
        this.suspects = suspects;
        this.timeout = timeout;
        this.function = new StepFunction(environment, handlers, suspects);
    }

    @Override
    public SQSBatchResponse invoke(SQSEvent event) throws InterruptedException {
        LocalContext context = new LocalContext("step", timeout);
        CompletableFuture<SQSBatchResponse> answer = new CompletableFuture<>();
        Thread.ofVirtual().name("invocation").start(() -> {
            try {
                answer.complete(function.handleRequest(event, context));
            } catch (Throwable e) { // handed to the poller, which would wait for ever
                answer.completeExceptionally(e);
            }
        });
        try {
            return answer.get();
        } catch (ExecutionException e) {
            throw new IllegalStateException(e.getCause());
        }
    }

    @Override
    public void stop() {
        function.stop(STOP_TIMEOUT);
    }

    /** What the environment runs is left alone: no more is received for it. */
    @Override
    public void close() {
        suspects.release(); // an invocation that was abandoned does not return its turn
    }
}
