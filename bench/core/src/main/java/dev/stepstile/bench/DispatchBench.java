package dev.stepstile.bench;

import com.sun.management.OperatingSystemMXBean;
import dev.stepstile.api.StepContext;
import dev.stepstile.api.StepHandler;
import dev.stepstile.api.StepInput;
import dev.stepstile.api.StepResult;
import dev.stepstile.client.Dispatch;
import dev.stepstile.client.Follower;
import dev.stepstile.client.Step;
import dev.stepstile.client.StepstileClient;
import dev.stepstile.local.LocalStack;
import java.lang.management.ManagementFactory;
import java.lang.management.MemoryPoolMXBean;
import java.lang.management.MemoryType;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.IntStream;
import org.HdrHistogram.ConcurrentHistogram;
import org.HdrHistogram.Histogram;

/** Measures steps that do nothing, or only wait, through dispatch, queue, claim, completion and feed, over the HTTP API. */
final class DispatchBench implements AutoCloseable {
    static final String NOOP = "bench.noop";
    /** Between two polls at least; the client's own pause, where nothing comes. */
    private static final long POLL_MILLIS = 20;

    private final StepstileClient client;
    private final Noop noop;

    DispatchBench(LocalStack stack, Noop noop) {
        this.client = StepstileClient.of(stack.endpoint());
        this.noop = noop;
    }

    /** Records the time between the dispatch call of a run and the start of its user code; then waits as its input says. */
    static final class Noop implements StepHandler {
        private final Map<String, Long> calledAt = new ConcurrentHashMap<>();
        private final Map<String, Histogram> delays = new ConcurrentHashMap<>();

        @Override
        public String name() {
            return NOOP;
        }

        @Override
        public StepResult run(StepInput input, StepContext context) throws InterruptedException {
            Long called = calledAt.get(context.runId());
            Histogram delay = delays.get(context.runId());
            if (called != null && delay != null) {
                delay.recordValue(Math.max(0, System.nanoTime() - called) / 1000);
            }
            Thread.sleep(input.as(Long.class));
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

    /** @param millis how long each step takes */
    Burst burst(String runId, int steps, long millis) throws InterruptedException {
        List<String> keys =
                IntStream.range(0, steps).mapToObj(DispatchBench::key).toList();
        Dispatch request = Dispatch.of(
                "burst", keys.stream().map(key -> Step.of(key, NOOP, millis)).toList());
        Follower feed = client.follow(runId, keys);
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
            client.dispatch(runId, Dispatch.of("one", List.of(Step.of(key(0), NOOP, 0L))));
            await(client.follow(runId, List.of(key(0))));
        }
        return delays;
    }

    private static void await(Follower feed) throws InterruptedException {
        feed.poll();
        while (!feed.complete()) {
            Thread.sleep(Math.max(POLL_MILLIS, feed.pause().toMillis()));
            feed.poll();
        }
    }

    @Override
    public void close() {
        client.close();
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
