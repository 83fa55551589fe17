package dev.stepstile.local;

import com.amazonaws.services.lambda.runtime.events.SQSBatchResponse;
import com.amazonaws.services.lambda.runtime.events.SQSEvent;
import dev.stepstile.step.StepId;
import dev.stepstile.step.StepSpec;
import dev.stepstile.store.PortException;
import dev.stepstile.store.StepQueue;
import dev.stepstile.store.StepQueue.Delivery;
import dev.stepstile.wire.StepMessages;
import dev.stepstile.wire.StepMessages.Decoded;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What Lambda does between SQS and a function: receives batches, invokes one environment for each at a time, and
 * deletes what the answer does not name. A batch whose environment died comes again.
 */
final class EventSourceMapping implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(EventSourceMapping.class);
    private static final int BATCH = 10;
    private static final Duration WAIT = Duration.ofSeconds(1);
    private static final Duration PATIENCE = Duration.ofSeconds(5);
    private static final Duration PAUSE_AFTER_FAILURE = Duration.ofMillis(500);

    private final StepQueue queue;
    private final Supplier<StepInvoker> environments;
    private final List<Thread> pollers = new ArrayList<>();
    private final CountDownLatch closed = new CountDownLatch(1);
    private final LongAdder lost = new LongAdder();
    private final Map<StepInvoker, List<Delivery>> running = new ConcurrentHashMap<>();

    /** @param environments makes a function environment; each serves one poller until it is lost */
    EventSourceMapping(StepQueue queue, Supplier<StepInvoker> environments) {
        this.queue = queue;
        this.environments = environments;
    }

    void start(int concurrency) {
        for (int i = 0; i < concurrency; i++) {
            pollers.add(Thread.ofPlatform()
                    .daemon()
                    .name("event-source-mapping-" + i)
                    .start(this::poll));
        }
    }

    /** How many environments died in the middle of a batch. */
    long lost() {
        return lost.sum();
    }

    private void poll() {
        StepInvoker environment = environments.get();
        try {
            while (closed.getCount() > 0) {
                try {
                    List<Delivery> batch = queue.receive(BATCH, WAIT);
                    if (!batch.isEmpty()) {
                        queue.delete(done(batch, answer(environment, batch)));
                    }
                } catch (StepInvoker.WorkerLost e) {
                    lost.increment();
                    LOG.info("A worker was lost ({}); its messages come again.", e.getMessage());
                    environment.close();
                    environment = environments.get();
                } catch (PortException e) {
                    if (closed.getCount() > 0) {
                        LOG.warn("Queue: {}; polling goes on.", e.getMessage());
                        closed.await(PAUSE_AFTER_FAILURE.toMillis(), TimeUnit.MILLISECONDS);
                    }
                } catch (RuntimeException e) {
                    LOG.error("The step function failed; its batch comes again.", e);
                }
            }
        } catch (InterruptedException stop) {
            Thread.currentThread().interrupt();
        } finally {
            environment.close();
        }
    }

    private SQSBatchResponse answer(StepInvoker environment, List<Delivery> batch)
            throws StepInvoker.WorkerLost, InterruptedException {
        running.put(environment, batch);
        try {
            return environment.invoke(event(batch));
        } finally {
            running.remove(environment);
        }
    }

    /** Kills the environment that has this step in its batch; false if none has. */
    boolean kill(StepId step) {
        for (Map.Entry<StepInvoker, List<Delivery>> batch : running.entrySet()) {
            for (Delivery delivery : batch.getValue()) {
                if (StepMessages.decode(delivery.body()) instanceof Decoded.Step(StepSpec spec)
                        && spec.id().equals(step)) {
                    batch.getKey().close();
                    return true;
                }
            }
        }
        return false;
    }

    private static List<String> done(List<Delivery> batch, SQSBatchResponse answer) {
        Set<String> stay = new HashSet<>();
        if (answer.getBatchItemFailures() != null) {
            answer.getBatchItemFailures().forEach(failure -> stay.add(failure.getItemIdentifier()));
        }
        return batch.stream()
                .filter(delivery -> !stay.contains(delivery.messageId()))
                .map(Delivery::receipt)
                .toList();
    }

    private static SQSEvent event(List<Delivery> batch) {
        SQSEvent event = new SQSEvent();
        List<SQSEvent.SQSMessage> records = new ArrayList<>();
        for (Delivery delivery : batch) {
            SQSEvent.SQSMessage message = new SQSEvent.SQSMessage();
            message.setMessageId(delivery.messageId());
            message.setReceiptHandle(delivery.receipt());
            message.setBody(delivery.body());
            message.setEventSource("aws:sqs");
            message.setEventSourceArn("arn:aws:sqs:local:000000000000:stepstile");
            message.setAwsRegion("local");
            Map<String, String> attributes = new HashMap<>();
            attributes.put("ApproximateReceiveCount", Integer.toString(delivery.receiveCount()));
            attributes.put("SentTimestamp", Long.toString(delivery.sentAt().toEpochMilli()));
            message.setAttributes(attributes);
            records.add(message);
        }
        event.setRecords(records);
        return event;
    }

    /** Stops receiving, waits a little for what is running, and kills the rest. */
    @Override
    public void close() {
        closed.countDown();
        join(PATIENCE);
        pollers.forEach(Thread::interrupt);
        join(PATIENCE);
    }

    private void join(Duration patience) {
        Instant until = Instant.now().plus(patience);
        try {
            for (Thread poller : pollers) {
                Duration left = Duration.between(Instant.now(), until);
                poller.join(left.isPositive() ? left : Duration.ofMillis(1));
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
