package dev.stepstile.functions.step;

import dev.stepstile.api.StepContext;
import dev.stepstile.api.StepHandler;
import dev.stepstile.api.StepInput;
import dev.stepstile.api.StepResult;
import dev.stepstile.codec.MessageCodec;
import dev.stepstile.port.Ports;
import dev.stepstile.port.StepQueue.Delivery;
import dev.stepstile.port.StepStore;
import dev.stepstile.runtime.JvmRuntime;
import dev.stepstile.runtime.VirtualTasks;
import dev.stepstile.step.Dispatch;
import dev.stepstile.step.DispatchId;
import dev.stepstile.step.Payload;
import dev.stepstile.step.RetryPolicy;
import dev.stepstile.step.StepId;
import dev.stepstile.step.StepSettings;
import dev.stepstile.step.StepSpec;
import dev.stepstile.step.StepTags;
import dev.stepstile.testing.PassingTasks;
import dev.stepstile.usecase.AttemptRunner;
import dev.stepstile.usecase.EngineRuntime;
import dev.stepstile.usecase.HandlerOutput;
import dev.stepstile.usecase.Handlers;
import dev.stepstile.usecase.InMemoryMeter;
import dev.stepstile.usecase.Stepstile;
import dev.stepstile.usecase.Tasks;
import dev.stepstile.usecase.Timing;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;

/** A function environment that executes steps over given ports, led by a given engine. */
record Worker(Ports ports, InstantSource clock, Tasks tasks, InMemoryMeter counts, StepHandler handler) {
    /** No worker here outlives its lease, however slow the machine is. */
    private static final Timing TIMING =
            Timing.of(Duration.ofHours(1), Duration.ZERO, Duration.ofSeconds(1), Duration.ofSeconds(1));

    /** What a handler does. */
    interface Work {
        StepResult run() throws Exception;
    }

    Worker(Ports ports, Work work) {
        this(ports, InstantSource.system(), new VirtualTasks(), new InMemoryMeter(), handler(work));
    }

    /** A worker that sends no heartbeats. */
    static Worker withoutHeartbeats(Ports ports, InstantSource clock, Work work) {
        return new Worker(
                ports,
                clock,
                new PassingTasks(new VirtualTasks()) {
                    @Override
                    public Cancellable every(String name, Duration period, Runnable tick) {
                        return () -> {};
                    }
                },
                new InMemoryMeter(),
                handler(work));
    }

    /** A worker whose clock leaps to the time until which it would sleep. */
    static Worker withoutSleep(Ports ports, Work work) {
        AtomicReference<Duration> ahead = new AtomicReference<>(Duration.ZERO);
        InstantSource system = InstantSource.system();
        InstantSource clock = () -> system.instant().plus(ahead.get());
        return new Worker(
                ports,
                clock,
                new PassingTasks(new VirtualTasks(clock)) {
                    @Override
                    public void sleepUntil(Instant instant) {
                        Duration least = Duration.between(system.instant(), instant);
                        ahead.updateAndGet(now -> now.compareTo(least) < 0 ? least : now);
                    }
                },
                new InMemoryMeter(),
                handler(work));
    }

    /** Executes these steps as one batch; the messages that stay. */
    List<String> execute(AttemptRunner engine, StepSpec... steps) throws InterruptedException {
        EngineRuntime real = JvmRuntime.create();
        EngineRuntime runtime = new EngineRuntime(clock, real.random(), real.ids(), tasks);
        Instant now = runtime.now();
        ports.store().putDispatchIfAbsent(dispatch(now));
        List<Delivery> batch = Stream.of(steps)
                .map(step -> new Delivery("m-" + step.id().stepKey(), "receipt", MessageCodec.step(step), 1, now))
                .toList();
        return new Stepstile(ports, TIMING, runtime, counts)
                .execution(new Handlers(List.of(handler)), HandlerOutput.UNCAPTURED, engine)
                .execute(batch, now.plusSeconds(900));
    }

    /** Of which every step here is one. */
    private static Dispatch dispatch(Instant now) {
        return Dispatch.unsent(
                new DispatchId("r", "d"),
                new Dispatch.Accepted("digest", 1, 10, Payload.NULL, now, now, 0),
                now,
                now,
                null);
    }

    static StepSpec step(String key, int maxAttempts) {
        return new StepSpec(
                new StepId("r", key),
                0,
                new StepSettings(
                        "d",
                        0,
                        "work",
                        new RetryPolicy(maxAttempts, Duration.ofSeconds(1), Duration.ofSeconds(1)),
                        Duration.ofMinutes(10)),
                new Payload.Inline("null"),
                new TreeMap<>(),
                StepTags.NONE,
                Instant.parse("2100-01-01T00:00:00Z"));
    }

    /** The ports with another store. */
    static Ports with(Ports ports, StepStore store) {
        return ports.withStore(store);
    }

    private static StepHandler handler(Work work) {
        return new StepHandler() {
            @Override
            public String name() {
                return "work";
            }

            @Override
            public StepResult run(StepInput input, StepContext context) throws Exception {
                return work.run();
            }
        };
    }
}
