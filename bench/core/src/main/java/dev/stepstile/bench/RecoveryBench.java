package dev.stepstile.bench;

import dev.stepstile.api.StepContext;
import dev.stepstile.api.StepHandler;
import dev.stepstile.api.StepInput;
import dev.stepstile.api.StepResult;
import dev.stepstile.client.Dispatch;
import dev.stepstile.client.Step;
import dev.stepstile.client.StepstileClient;
import dev.stepstile.stackfaults.FaultyStack;
import dev.stepstile.step.StepId;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.HdrHistogram.Histogram;

/** Measures how long a step takes to run again after its worker was killed. */
final class RecoveryBench implements AutoCloseable {
    private static final String HANG = "bench.hang";
    private static final String STEP = "step";
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    private final FaultyStack stack;
    private final StepstileClient client;
    private final Hang hang;

    RecoveryBench(FaultyStack stack, Hang hang) {
        this.stack = stack;
        this.client = StepstileClient.of(stack.stack().endpoint());
        this.hang = hang;
    }

    /** Its first attempt runs until its worker is killed; the second one ends at once. */
    static final class Hang implements StepHandler {
        private record Watch(CountDownLatch first, CountDownLatch second) {}

        private final Map<String, Watch> watches = new ConcurrentHashMap<>();

        @Override
        public String name() {
            return HANG;
        }

        @Override
        public StepResult run(StepInput input, StepContext context) throws InterruptedException {
            Watch watch = watch(context.runId());
            if (context.attempt() == 1) {
                watch.first().countDown();
                Thread.sleep(PATIENCE);
            }
            watch.second().countDown();
            return StepResult.none();
        }

        private Watch watch(String runId) {
            return watches.computeIfAbsent(runId, id -> new Watch(new CountDownLatch(1), new CountDownLatch(1)));
        }
    }

    /** Microseconds from each kill to the user code of the next attempt. */
    Histogram kill(int kills) throws InterruptedException {
        Histogram recovered = new Histogram(3);
        for (int i = 0; i < kills; i++) {
            String runId = "kill-" + i;
            Hang.Watch watch = hang.watch(runId);
            client.dispatch(runId, Dispatch.of("one", List.of(Step.of(STEP, HANG, null))));
            await(watch.first(), runId);
            if (!stack.killWorkerOf(new StepId(runId, STEP))) {
                throw new IllegalStateException("No worker ran the step of run " + runId + ".");
            }
            long killed = System.nanoTime();
            await(watch.second(), runId);
            recovered.recordValue((System.nanoTime() - killed) / 1000);
            if (!client.follow(runId, List.of(STEP)).await(PATIENCE, event -> {})) {
                throw new IllegalStateException(
                        "The step of run " + runId + " did not end within " + PATIENCE.toSeconds() + " s.");
            }
        }
        return recovered;
    }

    private static void await(CountDownLatch latch, String runId) throws InterruptedException {
        if (!latch.await(PATIENCE.toSeconds(), TimeUnit.SECONDS)) {
            throw new IllegalStateException(
                    "The step of run " + runId + " did not run within " + PATIENCE.toSeconds() + " s.");
        }
    }

    @Override
    public void close() {
        client.close();
    }
}
