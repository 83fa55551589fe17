package dev.stepstile.local.events;

import com.amazonaws.services.lambda.runtime.events.SQSBatchResponse;
import com.amazonaws.services.lambda.runtime.events.SQSEvent;
import java.time.Duration;

/** An environment of the step function, which runs batches: in this JVM, or in a process of its own. */
public interface Worker extends AutoCloseable {
    /** How long a handler may take to stop: as long as a process has by default, and a little more. */
    Duration STOP_TIMEOUT = Duration.ofSeconds(7);

    /**
     * Runs one batch, while no other runs in the same environment.
     *
     * @throws WorkerLost if the environment died in the middle: nothing is known of the batch
     */
    SQSBatchResponse invoke(SQSEvent event) throws WorkerLost, InterruptedException;

    /** Has the environment give back what it runs: the invocation then ends soon, with an answer. */
    void stop();

    /** Ends the environment without waiting for a batch that it runs, which is lost. */
    @Override
    void close();

    /** An environment died. The queue delivers its messages again when their visibility timeout ends. */
    final class WorkerLost extends Exception {
        public WorkerLost(String message) {
            super(message);
        }
    }
}
