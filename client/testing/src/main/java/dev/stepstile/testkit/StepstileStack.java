package dev.stepstile.testkit;

import dev.stepstile.api.StepHandler;
import dev.stepstile.client.StepstileClient;
import dev.stepstile.codec.MessageCodec;
import dev.stepstile.port.PortException;
import dev.stepstile.port.StepQueue.Delivery;
import dev.stepstile.usecase.Handlers;
import dev.stepstile.usecase.Tasks;
import dev.stepstile.usecase.Timing;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A whole Stepstile in this JVM: workers, sweeper and the HTTP API on a free port of the loopback address, over a database in
 * memory. It starts in milliseconds, and shares nothing with another one.
 *
 * <p>Its clock goes as fast as the machine's, and can be {@link #clockForward set forward}. A lost worker is noticed within
 * six seconds of that clock: a lease of three, a margin of one and the sweep after it.
 */
public final class StepstileStack implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(StepstileStack.class);
    private static final Timing TIMING =
            Timing.of(Duration.ofSeconds(3), Duration.ofSeconds(1), Duration.ofSeconds(2), Duration.ofSeconds(30));
    private static final Duration WAIT = Duration.ofMillis(50);
    private static final int BATCH = 10;

    private final TestTime time = new TestTime(false);
    private final EngineUnderTest engine = new EngineUnderTest(time, TIMING);
    private final Handlers handlers;
    private final Map<String, AttemptsUnderTest> watched = new ConcurrentHashMap<>();
    private final Set<WorkerLife> workers = ConcurrentHashMap.newKeySet();
    private final List<Thread> pollers = new ArrayList<>();
    private final LoopbackApi api;
    private final Tasks.Cancellable sweeps;
    private final StepstileClient client;
    private volatile boolean closed;

    private StepstileStack(List<? extends StepHandler> given, int concurrency) {
        handlers = new Handlers(given.stream()
                .map(handler -> new WatchedHandler(handler, context -> attemptsOf(context.stepKey())))
                .toList());
        api = new LoopbackApi(engine);
        client = StepstileClient.of(api.endpoint());
        sweeps = time.every("sweep", TIMING.sweepEvery(), this::sweep);
        for (int i = 0; i < concurrency; i++) {
            pollers.add(Thread.ofVirtual().name("stepstile-worker-" + i).start(this::poll));
        }
    }

    /**
     * Starts a stack.
     *
     * @param handlers what steps may name
     * @param workers how many batches of up to ten steps run at once
     * @throws IllegalArgumentException if two handlers have the same name
     */
    public static StepstileStack start(List<? extends StepHandler> handlers, int workers) {
        return new StepstileStack(handlers, workers);
    }

    /** Where the HTTP API is. */
    public URI endpoint() {
        return api.endpoint();
    }

    /** A client of the stack, which is closed with it. */
    public StepstileClient client() {
        return client;
    }

    /**
     * Sets the clock forward, with the heartbeats and the sweeps on the way: a retry is then due, a lost worker is found, and
     * a handler that has run for longer than its timeout is timed out.
     */
    public void clockForward(Duration by) {
        time.forward(by);
    }

    /**
     * As {@link StepTest#loseWorker}, for a step of this key. Other steps of its batch lose their worker, too.
     *
     * @throws IllegalArgumentException for {@link Moment#waiting}
     */
    public StepstileStack loseWorker(String stepKey, Moment moment) {
        StepTest.refuseWaiting(moment, "killed");
        return fault(stepKey, new Fault("lose the worker", moment, AttemptUnderTest::loseWorker));
    }

    /** As {@link StepTest#deliverTwice}, for a step of this key. */
    public StepstileStack deliverTwice(String stepKey) {
        return fault(stepKey, new Fault("deliver twice", Moment.start(), AttemptUnderTest::deliverTwice));
    }

    /** As {@link StepTest#throttle}, for the worker of a step of this key. */
    public StepstileStack throttle(String stepKey, Moment moment, int calls) {
        return fault(stepKey, new Fault("throttle", moment, attempt -> attempt.throttle(calls)));
    }

    private StepstileStack fault(String stepKey, Fault fault) {
        Consumer<List<Delivery>> elsewhere =
                batch -> engine.execute(new WorkerLife(), handlers, batch).join();
        watched.computeIfAbsent(stepKey, key -> new AttemptsUnderTest(List.of(), time, engine, elsewhere))
                .add(fault);
        return this;
    }

    private WatchedHandler.Attempts attemptsOf(String stepKey) {
        AttemptsUnderTest attempts = watched.get(stepKey);
        return attempts == null ? WatchedHandler.Attempts.UNWATCHED : attempts;
    }

    private void sweep() {
        try {
            engine.sweep();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** As the event source mapping: what the worker's answer does not name is deleted. */
    private void poll() {
        while (!closed) {
            try {
                List<Delivery> batch = engine.ports().queue().receive(BATCH, WAIT);
                if (!batch.isEmpty()) {
                    work(batch);
                }
            } catch (PortException e) {
                if (!closed) {
                    LOG.warn("The queue failed ({}); polling continues.", e.getMessage());
                }
            } catch (RuntimeException e) {
                LOG.error("A worker failed; its batch is delivered again once its visibility timeout ends.", e);
            }
        }
    }

    private void work(List<Delivery> batch) {
        WorkerLife worker = new WorkerLife();
        workers.add(worker);
        List<AttemptsUnderTest> faulty = new ArrayList<>();
        for (Delivery delivery : batch) {
            AttemptsUnderTest attempts = watched.get(key(delivery));
            if (attempts != null) {
                attempts.runBy(worker, List.of(delivery));
                faulty.add(attempts);
            }
        }
        CompletableFuture<List<String>> executed = engine.execute(worker, handlers, batch);
        CompletableFuture.anyOf(executed, worker.stopped()).join();
        if (worker.standsStill()) {
            return; // killed: its messages wait for their visibility timeout, and its steps for a sweep
        }
        workers.remove(worker);
        List<String> staying = executed.join();
        for (Delivery delivery : batch) {
            if (faulty.stream().anyMatch(attempts -> attempts.takesDelivery(delivery))) {
                engine.ports().queue().changeVisibility(delivery.receipt(), Duration.ZERO);
            } else if (!staying.contains(delivery.messageId())) {
                engine.ports().queue().delete(List.of(delivery.receipt()));
            }
        }
    }

    private static String key(Delivery delivery) {
        return MessageCodec.decode(delivery.body()) instanceof MessageCodec.Decoded.Step(var spec)
                ? spec.id().stepKey()
                : "";
    }

    /**
     * Stops the stack. What still runs is treated as by a worker that is killed: it records nothing, and its handler's thread
     * is left to itself.
     *
     * @throws AssertionError if a fault's moment never came
     */
    @Override
    public void close() {
        closed = true;
        sweeps.cancel();
        workers.forEach(WorkerLife::stop);
        client.close();
        api.close();
        time.close();
        pollers.forEach(Thread::interrupt);
        engine.close();
        List<Fault> left = watched.values().stream()
                .flatMap(attempts -> attempts.left().stream())
                .toList();
        if (!left.isEmpty()) {
            throw new AssertionError("The test ended before it could " + left + ".");
        }
    }
}
