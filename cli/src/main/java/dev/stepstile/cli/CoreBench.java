package dev.stepstile.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.sun.management.OperatingSystemMXBean;
import dev.stepstile.api.StepContext;
import dev.stepstile.api.StepHandler;
import dev.stepstile.api.StepInput;
import dev.stepstile.api.StepResult;
import dev.stepstile.client.Follower;
import dev.stepstile.client.StepstileClient;
import dev.stepstile.local.LocalStack;
import dev.stepstile.wire.Json;
import java.lang.management.ManagementFactory;
import java.lang.management.MemoryPoolMXBean;
import java.lang.management.MemoryType;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.HdrHistogram.ConcurrentHistogram;
import org.HdrHistogram.Histogram;

/** Drives no-op steps through dispatch, queue, claim, completion and feed, over the HTTP API, and takes the time. */
final class CoreBench {
    static final String NOOP = "bench.noop";
    private static final long POLL_MILLIS = 20;

    private final StepstileClient client;
    private final Noop noop;

    CoreBench(LocalStack stack, Noop noop) {
        this.client = new StepstileClient(stack.endpoint());
        this.noop = noop;
    }

    /** Notes when user code of a run began, against when its dispatch was called. */
    static final class Noop implements StepHandler {
        private final Map<String, Long> calledAt = new ConcurrentHashMap<>();
        private final Map<String, Histogram> delays = new ConcurrentHashMap<>();

        @Override
        public String name() {
            return NOOP;
        }

        @Override
        public StepResult run(StepInput input, StepContext context) {
            Long called = calledAt.get(context.runId());
            Histogram delay = delays.get(context.runId());
            if (called != null && delay != null) {
                delay.recordValue(Math.max(0, System.nanoTime() - called) / 1000);
            }
            return StepResult.none();
        }

        private Histogram watch(String runId, Histogram into) {
            delays.put(runId, into);
            calledAt.put(runId, System.nanoTime());
            return into;
        }
    }

    /**
     * One run of many steps.
     *
     * @param acceptedSeconds how long the dispatch call took
     * @param seconds from the call to the feed's last step
     * @param cpuMillis of this JVM, for each step
     * @param heapBytes the high-water mark
     * @param toUserCode microseconds from the call to each step's user code
     */
    record Burst(
            int steps, double acceptedSeconds, double seconds, double cpuMillis, long heapBytes, Histogram toUserCode) {
        double perSecond() {
            return steps / seconds;
        }
    }

    static String key(int index) {
        return "step-" + index;
    }

    Burst burst(String runId, int steps) throws InterruptedException {
        ObjectNode request = Json.object();
        ArrayNode list = request.putArray("steps");
        request.putObject("defaults").put("handler", NOOP);
        List<String> keys = new ArrayList<>();
        for (int i = 0; i < steps; i++) {
            keys.add(key(i));
            list.addObject().put("key", key(i));
        }
        Follower feed = new Follower(client, runId, keys, InstantSource.system());
        Histogram delays = noop.watch(runId, new ConcurrentHistogram(3));
        heapPools().forEach(MemoryPoolMXBean::resetPeakUsage);
        long cpu = cpuNanos();
        long began = System.nanoTime();
        client.dispatch(runId, request);
        double accepted = secondsSince(began);
        await(feed);
        double seconds = secondsSince(began);
        double cpuMillis = (cpuNanos() - cpu) / 1e6 / steps;
        long heap = heapPools().stream()
                .mapToLong(pool -> pool.getPeakUsage().getUsed())
                .sum();
        return new Burst(steps, accepted, seconds, cpuMillis, heap, delays);
    }

    /** Dispatches of one step, one after another on an idle stack: microseconds from the call to its user code. */
    Histogram oneByOne(String prefix, int dispatches) throws InterruptedException {
        Histogram delays = new ConcurrentHistogram(3);
        for (int i = 0; i < dispatches; i++) {
            String runId = prefix + "-" + i;
            noop.watch(runId, delays);
            ObjectNode request = Json.object();
            request.putArray("steps").addObject().put("key", key(0)).put("handler", NOOP);
            client.dispatch(runId, request);
            await(new Follower(client, runId, List.of(key(0)), InstantSource.system()));
        }
        return delays;
    }

    private static void await(Follower feed) throws InterruptedException {
        CountDownLatch never = new CountDownLatch(1);
        while (!feed.complete()) {
            feed.poll();
            if (!feed.complete()) {
                never.await(POLL_MILLIS, TimeUnit.MILLISECONDS);
            }
        }
    }

    private static List<MemoryPoolMXBean> heapPools() {
        return ManagementFactory.getMemoryPoolMXBeans().stream()
                .filter(pool -> pool.getType() == MemoryType.HEAP)
                .toList();
    }

    private static long cpuNanos() {
        return ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class).getProcessCpuTime();
    }

    private static double secondsSince(long nanos) {
        return (System.nanoTime() - nanos) / 1e9;
    }
}
