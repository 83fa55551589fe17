package dev.stepstile.local.events;

import com.amazonaws.services.lambda.runtime.events.SQSBatchResponse;
import com.amazonaws.services.lambda.runtime.events.SQSEvent;
import dev.stepstile.codec.MessageCodec;
import dev.stepstile.codec.MessageCodec.Decoded;
import dev.stepstile.port.PortException;
import dev.stepstile.port.StepQueue;
import dev.stepstile.port.StepQueue.Delivery;
import dev.stepstile.step.StepSpec;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What Lambda does between SQS and a function: receives batches, invokes one environment for each at a time, and
 * deletes what the answer does not name. A batch whose environment died is delivered again.
 */
public final class EventSourceMapping implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(EventSourceMapping.class);
    private static final int BATCH = 10;
    private static final Duration WAIT = Duration.ofSeconds(1);
    private static final Duration PATIENCE = Duration.ofSeconds(5);
    private static final Duration PAUSE_AFTER_FAILURE = Duration.ofMillis(500);
    private static final Duration LONGEST_PAUSE = Duration.ofSeconds(30);
    private static final Duration AFTER_FAILURE = Duration.ofSeconds(2);

    private final StepQueue queue;
    private final Supplier<Worker> environments;
    private final Runnable atRest;
    private final List<Thread> pollers = new ArrayList<>();
    private final CountDownLatch closed = new CountDownLatch(1);
    private final Map<Worker, List<Delivery>> running = new ConcurrentHashMap<>();

    /** @param environments makes a function environment; each serves one poller until it is lost */
    EventSourceMapping(StepQueue queue, Supplier<Worker> environments) {
        this(queue, environments, () -> {});
    }

    /** @param atRest called now and then while no batch is worked on */
    public EventSourceMapping(StepQueue queue, Supplier<Worker> environments, Runnable atRest) {
        this.queue = queue;
        this.environments = environments;
        this.atRest = atRest;
    }

    public void start(int concurrency) {
        for (int i = 0; i < concurrency; i++) {
            pollers.add(Thread.ofPlatform()
                    .daemon()
                    .name("event-source-mapping-" + i)
                    .start(this::keepPolling));
        }
    }

    /** Polls again after any failure: each poller is needed for as long as the stack is up. */
    private void keepPolling() {
        Duration pause = PAUSE_AFTER_FAILURE;
        while (closed.getCount() > 0) {
            long began = System.nanoTime();
            try {
                poll();
                return;
            } catch (InterruptedException stop) {
                return;
            } catch (Throwable thrown) { // an Error, or an environment that cannot be started
                if (System.nanoTime() - began > LONGEST_PAUSE.toNanos()) {
                    pause = PAUSE_AFTER_FAILURE;
                }
                logFailure(thrown, pause);
                if (paused(pause)) {
                    return;
                }
                pause = pause.multipliedBy(2).compareTo(LONGEST_PAUSE) < 0 ? pause.multipliedBy(2) : LONGEST_PAUSE;
            }
        }
    }

    private static void logFailure(Throwable thrown, Duration pause) {
        try {
            LOG.error("A worker failed; another one replaces it in {} ms.", pause.toMillis(), thrown);
        } catch (Throwable noMemoryToLog) {
            // the pause may bring some
        }
    }

    /** True if this is closed meanwhile. */
    private boolean paused(Duration pause) {
        try {
            return closed.await(pause.toMillis(), TimeUnit.MILLISECONDS);
        } catch (InterruptedException stop) {
            return true;
        }
    }

    private void poll() throws InterruptedException {
        Worker environment = environments.get();
        try {
            while (closed.getCount() > 0) {
                try {
                    if (running.isEmpty()) {
                        atRest.run();
                    }
                    List<Delivery> batch = queue.receive(BATCH, WAIT);
                    if (!batch.isEmpty()) {
                        queue.delete(done(batch, answer(environment, batch)));
                    }
                } catch (Worker.WorkerLost e) {
                    LOG.info("A worker was lost ({}); its messages are delivered again.", e.getMessage());
                    environment.close();
                    environment = environments.get();
                } catch (PortException e) {
                    if (closed.getCount() > 0) {
                        LOG.warn("The queue failed ({}); polling continues.", e.getMessage());
                        paused(PAUSE_AFTER_FAILURE);
                    }
                } catch (RuntimeException e) {
                    LOG.error("The step function failed; its batch is delivered again.", e);
                }
            }
        } finally {
            environment.close();
        }
    }

    private SQSBatchResponse answer(Worker environment, List<Delivery> batch)
            throws Worker.WorkerLost, InterruptedException {
        running.put(environment, batch);
        try {
            return environment.invoke(event(batch));
        } catch (RuntimeException | Error failed) { // not lost: nothing of it goes on
            redeliver(batch);
            throw failed;
        } finally {
            running.remove(environment);
        }
    }

    /** Shortly, not only when the visibility timeout ends. */
    private void redeliver(List<Delivery> batch) {
        try {
            batch.forEach(delivery -> queue.changeVisibility(delivery.receipt(), AFTER_FAILURE));
        } catch (PortException e) {
            LOG.warn(
                    "The queue failed ({}); a batch is delivered again when its visibility timeout ends.",
                    e.getMessage());
        }
    }

    /** The steps whose messages are being worked on; some may have ended. */
    public List<StepSpec> running() {
        List<StepSpec> steps = new ArrayList<>();
        running.values()
                .forEach(batch -> batch.forEach(delivery -> {
                    if (MessageCodec.decode(delivery.body()) instanceof Decoded.Step(StepSpec spec)) {
                        steps.add(spec);
                    }
                }));
        return steps;
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

    /** Receives no more. True once nothing runs any more, which is waited for at most this long. */
    public boolean drained(Duration patience) {
        closed.countDown();
        return join(patience);
    }

    /** Receives no more, waits a little for what is running, has the rest given back, and kills what does not end. */
    @Override
    public void close() {
        boolean alreadyDrained = closed.getCount() == 0; // and waited for
        if (drained(alreadyDrained ? Duration.ZERO : PATIENCE)) {
            return;
        }
        running.keySet().forEach(environment -> Thread.ofVirtual().start(environment::stop));
        if (!join(Worker.STOP_TIMEOUT.plus(PATIENCE))) {
            pollers.forEach(Thread::interrupt);
            join(PATIENCE);
        }
    }

    private boolean join(Duration patience) {
        long began = System.nanoTime();
        try {
            for (Thread poller : pollers) {
                Duration left = patience.minusNanos(System.nanoTime() - began);
                if (!poller.join(left.isPositive() ? left : Duration.ofMillis(1))) {
                    return false;
                }
            }
            return true;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }
}
