package dev.stepstile.bench;

import dev.stepstile.codec.MessageCodec;
import dev.stepstile.port.Ports;
import dev.stepstile.port.StepQueue.Delivery;
import dev.stepstile.port.StepQueue.Outgoing;
import dev.stepstile.runtime.JvmRuntime;
import dev.stepstile.step.Payload;
import dev.stepstile.step.Precondition;
import dev.stepstile.step.RetryPolicy;
import dev.stepstile.step.Shards;
import dev.stepstile.step.StepEvent;
import dev.stepstile.step.StepId;
import dev.stepstile.step.StepLife;
import dev.stepstile.step.StepRecord;
import dev.stepstile.step.StepSettings;
import dev.stepstile.step.StepSpec;
import dev.stepstile.step.StepTags;
import dev.stepstile.step.Transition;
import dev.stepstile.step.WorkerRecord;
import dev.stepstile.usecase.EngineRuntime;
import dev.stepstile.usecase.Timing;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;

/**
 * The upper bound of a stack's throughput: the sends, receives, claims, completions and deletes that the protocol makes for
 * these steps, and the worker's item of each batch, with items of the same sizes in the same table, and nothing else. A claim is a write on the condition that
 * there is no record, a completion one on the condition of the claim's fence.
 */
final class BarePorts {
    private static final int BATCH = 10;

    private final Ports ports;
    private final int lanes;
    private final EngineRuntime runtime = JvmRuntime.create();

    /** @param lanes how many batches at once, as many as the stack has workers */
    BarePorts(Ports ports, int lanes) {
        this.ports = ports;
        this.lanes = lanes;
    }

    /**
     * Seconds for this many steps, from the first send to the last delete.
     *
     * @param millis between a claim and its completion
     */
    double seconds(String runId, int steps, long millis) throws InterruptedException, ExecutionException {
        Map<String, StepSpec> specs = new ConcurrentHashMap<>();
        List<Outgoing> messages = new ArrayList<>();
        for (int i = 0; i < steps; i++) {
            StepSpec spec = spec(runId, i);
            String body = MessageCodec.step(spec);
            specs.put(body, spec);
            messages.add(new Outgoing(runId, body, Duration.ZERO));
        }
        AtomicInteger left = new AtomicInteger(steps);
        long began = System.nanoTime();
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Future<?>> running = new ArrayList<>();
            running.add(threads.submit(() -> ports.queue().send(messages)));
            for (int lane = 0; lane < lanes; lane++) {
                running.add(threads.submit(() -> lane(threads, specs, left, millis)));
            }
            for (Future<?> each : running) {
                each.get();
            }
        }
        return (System.nanoTime() - began) / 1e9;
    }

    private boolean lane(ExecutorService threads, Map<String, StepSpec> specs, AtomicInteger left, long millis)
            throws InterruptedException, ExecutionException {
        while (left.get() > 0) {
            List<Delivery> batch = ports.queue().receive(BATCH, Duration.ofMillis(200));
            List<StepSpec> steps = batch.stream()
                    .flatMap(delivery -> Stream.ofNullable(specs.get(delivery.body())))
                    .toList();
            if (!batch.isEmpty()) {
                WorkerRecord worker = worker(steps);
                ports.workers().start(worker);
                List<Callable<Boolean>> cycles = new ArrayList<>();
                steps.forEach(spec -> cycles.add(() -> cycle(spec, millis)));
                for (Future<Boolean> cycle : threads.invokeAll(cycles)) {
                    cycle.get();
                }
                ports.workers().end(worker.id());
                ports.queue().delete(batch.stream().map(Delivery::receipt).toList());
                left.addAndGet(-batch.size());
            }
        }
        return true;
    }

    private WorkerRecord worker(List<StepSpec> steps) {
        return WorkerRecord.starting(
                runtime.ids().get(),
                steps.stream()
                        .map(step -> new WorkerRecord.Assignment(
                                step.id(),
                                step.shard(),
                                step.settings().dispatchId(),
                                step.settings().index()))
                        .toList(),
                runtime.now().plus(Timing.DEFAULT.lease()));
    }

    private boolean cycle(StepSpec spec, long millis) throws InterruptedException {
        Instant now = runtime.now();
        StepEvent.Claim claim = new StepEvent.Claim(spec, runtime.ids().get(), now.plus(Duration.ofMinutes(5)), true);
        StepRecord claimed = write(StepLife.on(null, claim, now));
        Thread.sleep(millis);
        write(StepLife.on(
                claimed, new StepEvent.Succeed(claimed.attempt(), claimed.owner(), Payload.NULL, 0), runtime.now()));
        return true;
    }

    private StepRecord write(Transition transition) {
        if (!(transition instanceof Transition.Write(StepRecord next, Precondition expect))) {
            throw new IllegalStateException("a new step accepts these events");
        }
        ports.store().write(next, expect);
        return next;
    }

    private StepSpec spec(String runId, int index) {
        String key = DispatchBench.key(index);
        return new StepSpec(
                new StepId(runId, key),
                Shards.of(key, Shards.DEFAULT),
                new StepSettings("bench", index, DispatchBench.NOOP, RetryPolicy.DEFAULT, Duration.ofMinutes(5)),
                Payload.NULL,
                new TreeMap<>(),
                StepTags.NONE,
                runtime.now().plus(Timing.DEFAULT.validity()));
    }
}
