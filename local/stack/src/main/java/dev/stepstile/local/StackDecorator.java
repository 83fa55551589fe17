package dev.stepstile.local;

import com.amazonaws.services.lambda.runtime.RequestHandler;
import com.amazonaws.services.lambda.runtime.events.SQSBatchResponse;
import com.amazonaws.services.lambda.runtime.events.SQSEvent;
import dev.stepstile.local.events.Worker;
import dev.stepstile.local.isolated.IsolatedStepFunction;
import dev.stepstile.port.StepQueue;
import java.util.Map;
import java.util.function.Function;

/** What tests and benchmarks put around the parts of a stack, to inject faults and to measure. */
public interface StackDecorator {
    /** Leaves each part as it is. */
    StackDecorator NONE = new StackDecorator() {};

    /** The queue from which the event source mapping receives. */
    default StepQueue queue(StepQueue queue) {
        return queue;
    }

    /** Each worker, before its first batch. */
    default Worker worker(Worker worker) {
        return worker;
    }

    /** A worker in this JVM. */
    default Worker workerInThisJvm(WorkerParts parts, Function<WorkerParts, Worker> make) {
        return make.apply(parts);
    }

    /** The step function that isolated workers run. */
    default Class<? extends RequestHandler<SQSEvent, SQSBatchResponse>> isolatedStepFunction() {
        return IsolatedStepFunction.class;
    }

    /** Further environment variables of the step function in isolated workers. */
    default Map<String, String> isolatedStepVariables() {
        return Map.of();
    }
}
