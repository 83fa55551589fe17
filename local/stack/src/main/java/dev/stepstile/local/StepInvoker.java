package dev.stepstile.local;

import com.amazonaws.services.lambda.runtime.events.SQSBatchResponse;
import com.amazonaws.services.lambda.runtime.events.SQSEvent;

/** Runs a batch in a function environment: in this JVM, or in a process of its own. */
interface StepInvoker extends AutoCloseable {

    /**
     * Runs one batch, while no other runs in the same environment.
     *
     * @throws WorkerLost if the environment died in the middle: nothing is known of the batch
     */
    SQSBatchResponse invoke(SQSEvent event) throws WorkerLost, InterruptedException;

    /** Has the environment give back what it runs: the invocation then ends soon, with an answer. */
    void stop();

    /** Ends the environment as it stands, as kill -9 does: a batch that it runs is lost. */
    @Override
    void close();

    /** A function environment died. The queue gives its messages out again when their visibility timeout ends. */
    final class WorkerLost extends Exception {
        WorkerLost(String message) {
            super(message);
        }
    }
}
