package dev.stepstile.functions.step;

import com.amazonaws.services.lambda.runtime.Context;
import com.amazonaws.services.lambda.runtime.RequestHandler;
import com.amazonaws.services.lambda.runtime.events.SQSBatchResponse;
import com.amazonaws.services.lambda.runtime.events.SQSBatchResponse.BatchItemFailure;
import com.amazonaws.services.lambda.runtime.events.SQSEvent;
import dev.stepstile.lambda.Environment;
import dev.stepstile.protocol.Handlers;
import dev.stepstile.protocol.StepExecution;
import dev.stepstile.protocol.SuspectTurns;
import dev.stepstile.runtime.CapturedOutput;
import dev.stepstile.runtime.Signals;
import dev.stepstile.store.StepQueue.Delivery;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A batch of messages; the answer names those that are to stay in the queue. */
public final class StepFunction implements RequestHandler<SQSEvent, SQSBatchResponse> {
    private static final Logger LOG = LoggerFactory.getLogger(StepFunction.class);

    /** As a shell reports a process that SIGTERM ended. */
    private static final int SIGTERM_STATUS = 143;

    /** What Lambda leaves an environment after SIGTERM is two seconds, with an internal extension half of one. */
    private static final Duration PATIENCE = Duration.ofMillis(200);

    private static final Duration TO_ANSWER = Duration.ofSeconds(1);

    private final Environment environment;
    private final StepExecution execution;
    private final ReentrantReadWriteLock invoked = new ReentrantReadWriteLock();

    /** In a process of its own, which gives back what it runs when it is told to end. */
    public StepFunction() {
        this(Environment.onAws(), InstalledHandlers.load());
        Signals.on("TERM", this::terminate);
    }

    public StepFunction(Environment environment, Handlers handlers) {
        this(environment, handlers, SuspectTurns.among(1));
    }

    /** @param suspects shared by the environments of one machine */
    public StepFunction(Environment environment, Handlers handlers, SuspectTurns suspects) {
        this.environment = environment;
        this.execution = environment
                .stepstile()
                .execution(handlers, CapturedOutput.installed(), new FencedIdempotency(), suspects);
    }

    /**
     * Begins nothing more, interrupts what runs, and releases what has not ended after {@code patience}: it runs again
     * elsewhere, and its attempt is not counted.
     */
    public void stop(Duration patience) {
        try {
            execution.stop(patience);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void terminate() {
        stop(PATIENCE);
        try {
            boolean idle = invoked.writeLock().tryLock(TO_ANSWER.toMillis(), TimeUnit.MILLISECONDS);
            LOG.info("Told to end; {}.", idle ? "nothing runs any more" : "what still runs is lost");
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        Runtime.getRuntime().exit(SIGTERM_STATUS);
    }

    @Override
    public SQSBatchResponse handleRequest(SQSEvent event, Context context) {
        List<Delivery> batch = Deliveries.of(event);
        FencedIdempotency.register(context);
        invoked.readLock().lock();
        try {
            List<String> stay =
                    environment.invocation(context, () -> execution.execute(batch, environment.deadline(context)));
            return new SQSBatchResponse(stay.stream().map(BatchItemFailure::new).toList());
        } finally {
            invoked.readLock().unlock();
        }
    }
}
