package dev.stepstile.stackfaults;

import com.amazonaws.services.lambda.runtime.RequestHandler;
import com.amazonaws.services.lambda.runtime.events.SQSBatchResponse;
import com.amazonaws.services.lambda.runtime.events.SQSEvent;
import dev.stepstile.local.LocalStack;
import dev.stepstile.local.StackDecorator;
import dev.stepstile.local.StackOptions;
import dev.stepstile.local.WorkerParts;
import dev.stepstile.local.events.Worker;
import dev.stepstile.local.isolated.IsolatedStepFunction;
import dev.stepstile.port.StepQueue;
import dev.stepstile.step.StepId;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** A local stack whose workers can be killed and paused, and in which faults are injected. */
public final class FaultyStack implements AutoCloseable {
    private final LocalStack stack;
    private final WatchedWorkers workers;
    private final FaultyQueue queue;
    private final int pollers;

    private FaultyStack(StackOptions options, Decorator decorator) {
        this.stack = LocalStack.start(options, decorator);
        this.workers = decorator.workers;
        this.queue = Objects.requireNonNull(decorator.queue);
        this.pollers = options.workers();
    }

    /** Starts a stack without faults other than those that are called for. */
    public static FaultyStack start(StackOptions options) {
        return start(options, Faults.NONE, Set.of());
    }

    /** @param poison keys of the steps that kill every worker that runs them */
    public static FaultyStack start(StackOptions options, Faults faults, Set<String> poison) {
        return new FaultyStack(options, new Decorator(faults, poison));
    }

    private static final class Decorator implements StackDecorator {
        private final Faults faults;
        private final Set<String> poison;
        private final WatchedWorkers workers = new WatchedWorkers();
        private @Nullable FaultyQueue queue;

        Decorator(Faults faults, Set<String> poison) {
            this.faults = faults;
            this.poison = poison;
        }

        @Override
        public StepQueue queue(StepQueue decorated) {
            queue = new FaultyQueue(decorated, faults);
            return queue;
        }

        @Override
        public Worker worker(Worker worker) {
            return workers.watch(worker);
        }

        @Override
        public Worker workerInThisJvm(WorkerParts parts, Function<WorkerParts, Worker> make) {
            return new KillableWorker(
                    parts,
                    make,
                    (handlers, kill) -> faults.any() ? FaultyHandlers.wrap(handlers, faults, poison, kill) : handlers);
        }

        @Override
        public Class<? extends RequestHandler<SQSEvent, SQSBatchResponse>> isolatedStepFunction() {
            return faults.any() ? FaultyStepFunction.class : IsolatedStepFunction.class;
        }

        @Override
        public Map<String, String> isolatedStepVariables() {
            return faults.any() ? FaultyStepFunction.variables(faults, poison) : Map.of();
        }
    }

    public LocalStack stack() {
        return stack;
    }

    /** How many workers died in the middle of a batch. */
    public long workersLost() {
        return workers.lost();
    }

    /**
     * Kills the worker that has this step in its batch: an isolated one by SIGKILL, one in this JVM by cutting it off from
     * every port.
     *
     * @return false if no worker has
     */
    public boolean killWorkerOf(StepId step) {
        return workers.kill(step);
    }

    /** How many messages were sent once more than asked. */
    public long duplicated() {
        return queue.duplicated();
    }

    /** Does something while no worker takes messages; batches that are running are waited for a little. */
    public <T> T withoutWorkers(Callable<T> work) throws Exception {
        queue.pause(pollers);
        try {
            return work.call();
        } finally {
            queue.resume();
        }
    }

    @Override
    public void close() {
        stack.close();
    }
}
