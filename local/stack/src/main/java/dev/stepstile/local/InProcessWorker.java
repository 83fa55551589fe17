package dev.stepstile.local;

import com.amazonaws.services.lambda.runtime.events.SQSBatchResponse;
import com.amazonaws.services.lambda.runtime.events.SQSEvent;
import dev.stepstile.api.StepHandler;
import dev.stepstile.functions.step.StepFunction;
import dev.stepstile.lambda.FunctionEnvironment;
import dev.stepstile.port.Ports;
import dev.stepstile.usecase.EngineRuntime;
import dev.stepstile.usecase.Handlers;
import dev.stepstile.usecase.Meter;
import dev.stepstile.usecase.Stepstile;
import dev.stepstile.usecase.SuspectLimiter;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.function.Supplier;

/** A step function's environment in this JVM; one that can be cut off, as a process can be killed. */
final class InProcessWorker implements StepInvoker {
    private static final int SHARDS_OF_NEW_RUNS = 8;

    /** What a handler may take to end that was told to stop: as long as a process has by default, and a little more. */
    static final Duration PATIENCE = Duration.ofSeconds(7);

    private final StackOptions options;
    private final KillableWorker worker = new KillableWorker();
    private final StepFunction function;

    /**
     * @param installed what steps may name; shared with other environments, and not closed with this one
     * @param changing further ones, whose code may be replaced while the stack runs
     */
    InProcessWorker(
            StackOptions options,
            List<StepHandler> installed,
            Supplier<List<StepHandler>> changing,
            Ports ports,
            EngineRuntime runtime,
            SuspectLimiter suspects,
            Meter meter) {
        this.options = options;
        Stepstile stepstile = new Stepstile(worker.ports(ports), options.timing(), worker.runtime(runtime), meter);
        Handlers handlers = new Handlers(
                options.faults().any()
                        ? FaultyHandlers.wrap(installed, options.faults(), options.poison(), worker::sever)
                        : installed,
                changing);
        SuspectLimiter turns = suspects.share();
        CompletableFuture<Void> _ =
                worker.severed().thenRun(turns::release); // what is cut off gives nothing back itself
        this.function =
                new StepFunction(new FunctionEnvironment(stepstile, SHARDS_OF_NEW_RUNS, () -> {}), handlers, turns);
    }

    @Override
    public SQSBatchResponse invoke(SQSEvent event) throws WorkerLost, InterruptedException {
        LocalContext context = new LocalContext("step", options.functionTimeout());
        CompletableFuture<SQSBatchResponse> answer = new CompletableFuture<>();
        Thread.ofVirtual().name("invocation").start(() -> {
            try {
                answer.complete(function.handleRequest(event, context));
            } catch (Throwable e) { // handed to the poller, which would wait for ever
                answer.completeExceptionally(e);
            }
        });
        try {
            CompletableFuture.anyOf(answer, worker.severed()).get();
            if (worker.severed().isDone()) {
                throw new WorkerLost("abandoned in the middle");
            }
            return answer.get();
        } catch (ExecutionException e) {
            throw new IllegalStateException(e.getCause());
        }
    }

    @Override
    public void stop() {
        function.stop(PATIENCE);
    }

    @Override
    public void close() {
        worker.sever();
    }
}
