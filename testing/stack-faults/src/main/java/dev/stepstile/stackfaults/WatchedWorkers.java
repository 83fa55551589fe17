package dev.stepstile.stackfaults;

import com.amazonaws.services.lambda.runtime.events.SQSBatchResponse;
import com.amazonaws.services.lambda.runtime.events.SQSEvent;
import dev.stepstile.codec.MessageCodec;
import dev.stepstile.codec.MessageCodec.Decoded;
import dev.stepstile.local.events.Worker;
import dev.stepstile.step.StepId;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.LongAdder;

/** The workers of a stack, with the batches that they run. */
final class WatchedWorkers {
    private final Map<Worker, SQSEvent> running = new ConcurrentHashMap<>();
    private final LongAdder lost = new LongAdder();

    Worker watch(Worker worker) {
        return new Watched(worker);
    }

    /** How many died in the middle of a batch. */
    long lost() {
        return lost.sum();
    }

    /** Kills the worker that has this step in its batch; false if none has. */
    boolean kill(StepId step) {
        for (Map.Entry<Worker, SQSEvent> batch : running.entrySet()) {
            for (SQSEvent.SQSMessage message : batch.getValue().getRecords()) {
                if (MessageCodec.decode(message.getBody()) instanceof Decoded.Step(var spec)
                        && spec.id().equals(step)) {
                    batch.getKey().close();
                    return true;
                }
            }
        }
        return false;
    }

    private final class Watched implements Worker {
        private final Worker worker;

        Watched(Worker worker) {
            this.worker = worker;
        }

        @Override
        public SQSBatchResponse invoke(SQSEvent event) throws WorkerLost, InterruptedException {
            running.put(this, event);
            try {
                return worker.invoke(event);
            } catch (WorkerLost e) {
                lost.increment();
                throw e;
            } finally {
                running.remove(this);
            }
        }

        @Override
        public void stop() {
            worker.stop();
        }

        @Override
        public void close() {
            worker.close();
        }
    }
}
