package dev.stepstile.functions.step;

import static org.assertj.core.api.Assertions.assertThat;

import dev.stepstile.api.StepContext;
import dev.stepstile.api.StepHandler;
import dev.stepstile.api.StepInput;
import dev.stepstile.api.StepResult;
import dev.stepstile.embedded.EmbeddedPorts;
import dev.stepstile.port.DeadLetterQueue;
import dev.stepstile.port.PauseStore;
import dev.stepstile.port.PayloadStore;
import dev.stepstile.port.Ports;
import dev.stepstile.port.StepQueue;
import dev.stepstile.port.StepStore;
import dev.stepstile.port.WorkerStore;
import dev.stepstile.runtime.VirtualTasks;
import dev.stepstile.step.StepId;
import dev.stepstile.step.StepRecord;
import dev.stepstile.step.StepSpec;
import dev.stepstile.step.StepState.Name;
import dev.stepstile.testing.PassingTasks;
import dev.stepstile.usecase.AttemptRunner;
import dev.stepstile.usecase.InMemoryMeter;
import dev.stepstile.usecase.Tasks;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** An attempt that Powertools leads, when a port, a thread or a timer throws an Error. */
class BrokenPowertoolsTest {
    private static final AttemptRunner POWERTOOLS = new FencedIdempotency();
    private static final List<String> KEYS = List.of("plain", "large", "failing");

    @TempDir
    Path folder;

    @Test
    void instead_of_its_call_leaves_nothing_that_renews_and_its_steps_run_again() throws InterruptedException {
        assertThat(eachCall(false)).isBetween(10, 60);
    }

    @Test
    void after_its_call_leaves_nothing_that_renews_and_its_steps_run_again() throws InterruptedException {
        assertThat(eachCall(true)).isBetween(10, 60);
    }

    /** How many calls there are. */
    private int eachCall(boolean after) throws InterruptedException {
        int call = 0;
        while (brokenAt(call, after)) {
            call++;
        }
        return call;
    }

    /** Whether there was such a call. */
    private boolean brokenAt(int call, boolean after) throws InterruptedException {
        AtomicReference<Duration> ahead = new AtomicReference<>(Duration.ZERO);
        InstantSource clock = () -> InstantSource.system().instant().plus(ahead.get());
        try (EmbeddedPorts embedded =
                EmbeddedPorts.open(folder.resolve(after + "-" + call), Duration.ofSeconds(30), clock)) {
            Fault fault = new Fault(call, after);
            Timers timers = new Timers(new VirtualTasks());
            Worker broken = new Worker(
                    fault.over(embedded.ports()),
                    clock,
                    fault.over(Tasks.class, timers),
                    new InMemoryMeter(),
                    new Work());
            broken.execute(POWERTOOLS, steps());
            boolean reached = fault.struck();
            String at = "an Error " + (after ? "after" : "at") + " call " + call;
            assertThat(timers.ticking()).as("%s: what still renews a lease", at).isZero();
            for (String key : KEYS) {
                assertThat(state(embedded.ports(), key)).as("%s: %s", at, key).isNotEqualTo(Name.RUNNING);
            }
            Worker next = new Worker(embedded.ports(), clock, new VirtualTasks(), new InMemoryMeter(), new Work());
            for (int i = 0; i < 3; i++) {
                ahead.updateAndGet(sum -> sum.plusSeconds(60));
                next.execute(POWERTOOLS, steps());
            }
            for (String key : KEYS) {
                assertThat(state(embedded.ports(), key)).as("%s: %s", at, key).isEqualTo(Name.SUCCEEDED);
            }
            return reached;
        }
    }

    private static StepSpec[] steps() {
        return KEYS.stream().map(key -> Worker.step(key, 5)).toArray(StepSpec[]::new);
    }

    private static Name state(Ports ports, String key) {
        return ports.store()
                .record(new StepId("r", key), 0)
                .map(StepRecord::state)
                .map(state -> state.name())
                .orElse(Name.QUEUED);
    }

    /** Returns little or much; one step fails at its first attempt. */
    private static final class Work implements StepHandler {
        @Override
        public String name() {
            return "work";
        }

        @Override
        public StepResult run(StepInput input, StepContext context) {
            if (context.stepKey().equals("failing") && context.attempt() == 1) {
                throw new IllegalStateException("its first attempt fails");
            }
            return StepResult.of(context.stepKey().equals("large") ? "y".repeat(2_000) : "little");
        }
    }

    /** An Error at one call of a port or of the tasks, counted from the batch's first one on; the process goes on. */
    private static final class Fault {
        private final boolean after;
        private int left;

        Fault(int skip, boolean after) {
            this.left = skip + 1;
            this.after = after;
        }

        synchronized boolean struck() {
            return left <= 0;
        }

        private synchronized boolean strikes() {
            left--;
            return left == 0;
        }

        Ports over(Ports ports) {
            return new Ports(
                    over(StepStore.class, ports.store()),
                    over(WorkerStore.class, ports.workers()),
                    over(PauseStore.class, ports.pauses()),
                    over(StepQueue.class, ports.queue()),
                    over(DeadLetterQueue.class, ports.deadLetters()),
                    over(PayloadStore.class, ports.items()),
                    over(PayloadStore.class, ports.objects()));
        }

        <T> T over(Class<T> port, T real) {
            return port.cast(Proxy.newProxyInstance(
                    port.getClassLoader(), new Class<?>[] {port}, (proxy, method, arguments) -> {
                        boolean strikes = !method.getName().equals("putDispatchIfAbsent") && strikes();
                        if (strikes && !after) {
                            throw new OutOfMemoryError("unable to create native thread, at " + method.getName());
                        }
                        Object answer;
                        try {
                            answer = method.invoke(real, arguments);
                        } catch (InvocationTargetException e) {
                            throw e.getCause();
                        }
                        if (strikes && port != Tasks.class) { // what has been started goes on, and nobody can await it
                            throw new OutOfMemoryError("Java heap space, after " + method.getName());
                        }
                        return answer;
                    }));
        }
    }

    /** Counts the timers that tick. */
    private static final class Timers extends PassingTasks {
        private final AtomicInteger count = new AtomicInteger();

        Timers(Tasks real) {
            super(real);
        }

        int ticking() {
            return count.get();
        }

        @Override
        public Cancellable every(String name, Duration period, Runnable tick) {
            Cancellable timer = super.every(name, period, tick);
            count.incrementAndGet();
            AtomicInteger open = new AtomicInteger(1);
            return () -> {
                timer.cancel();
                count.addAndGet(-open.getAndSet(0));
            };
        }
    }
}
