package dev.stepstile.simulation;

import dev.stepstile.contracts.DeadLetterQueueContract;
import dev.stepstile.contracts.NotifierContract;
import dev.stepstile.contracts.PauseStoreContract;
import dev.stepstile.contracts.PayloadStoreContract;
import dev.stepstile.contracts.StepQueueContract;
import dev.stepstile.contracts.StepStoreContract;
import dev.stepstile.contracts.WorkerStoreContract;
import dev.stepstile.port.DeadLetterQueue;
import dev.stepstile.port.Notifier;
import dev.stepstile.port.PauseStore;
import dev.stepstile.port.PayloadStore;
import dev.stepstile.port.StepQueue;
import dev.stepstile.port.StepStore;
import dev.stepstile.port.WorkerStore;
import dev.stepstile.simulation.system.Cluster;
import dev.stepstile.step.NotifyTarget;
import dev.stepstile.step.StepRecord;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Nested;

/** The simulated ports keep to the ports' contracts: each call is made by an actor, on virtual time. */
class SimulatedContractsTest {
    private static final Cluster.Surroundings NO_SWEEPS =
            new Cluster.Surroundings(Duration.ZERO, 1, 0, 0, false, Duration.ZERO);

    private Simulation simulation;

    @BeforeEach
    void begin() {
        Cluster cluster = Cluster.CALM.withWorkers(0);
        simulation = new Simulation(SimulationConfig.of(1)
                .with(new Cluster(
                        cluster.timing(),
                        cluster.shards(),
                        cluster.workers(),
                        cluster.stepTimeout(),
                        StepQueueContract.VISIBILITY,
                        cluster.clientRetries(),
                        NO_SWEEPS)));
    }

    /** Lets the caller, who is no actor, make calls of a port. */
    private <P> P onStage(Class<P> port, P simulated) {
        Object proxy = Proxy.newProxyInstance(
                port.getClassLoader(),
                new Class<?>[] {port},
                (self, method, arguments) -> byActor(() -> method.invoke(simulated, arguments)));
        return port.cast(proxy);
    }

    private interface Call {
        @Nullable
        Object make() throws IllegalAccessException, InvocationTargetException;
    }

    private synchronized @Nullable Object byActor(Call call) throws Throwable {
        AtomicReference<@Nullable Object> answer = new AtomicReference<>();
        AtomicReference<@Nullable Throwable> thrown = new AtomicReference<>();
        simulation.at(Duration.ZERO, "caller", () -> {
            try {
                answer.set(call.make());
            } catch (InvocationTargetException e) {
                thrown.set(e.getCause());
            } catch (IllegalAccessException e) {
                thrown.set(e);
            }
            simulation.scheduler().stop();
        });
        simulation.scheduler().run(simulation.now().plusSeconds(60));
        Throwable failure = thrown.get();
        if (failure != null) {
            throw failure;
        }
        return answer.get();
    }

    private synchronized void pass(Duration duration) {
        simulation.scheduler().run(simulation.now().plus(duration));
    }

    @Nested
    class Step_store extends StepStoreContract {
        @Override
        protected StepStore store() {
            return onStage(StepStore.class, simulation.store());
        }

        @Override
        protected void damage(StepRecord record) {
            simulation.store().damage(record.id());
        }

        @Override
        protected void eventually(Runnable assertion) {
            pass(Duration.ofSeconds(6));
            assertion.run();
        }
    }

    @Nested
    class Notifications extends NotifierContract {
        @Override
        protected Notifier notifier() {
            return onStage(Notifier.class, simulation.notifier());
        }

        @Override
        protected NotifyTarget accepting() {
            return new NotifyTarget.Webhook("https://target/");
        }

        @Override
        protected NotifyTarget refusing() {
            return new NotifyTarget.Webhook("https://target/fails-9");
        }

        @Override
        protected NotifyTarget foreign() {
            return new NotifyTarget.Webhook("https://elsewhere.example/");
        }

        @Override
        protected List<Notifier.Notice> told() {
            return simulation.notifier().accepted();
        }
    }

    @Nested
    class Pauses extends PauseStoreContract {
        @Override
        protected PauseStore pauses() {
            return onStage(PauseStore.class, simulation.pauses());
        }
    }

    @Nested
    class Workers extends WorkerStoreContract {
        @Override
        protected WorkerStore workers() {
            return onStage(WorkerStore.class, simulation.workers());
        }

        @Override
        protected void eventually(Runnable assertion) {
            pass(Duration.ofSeconds(6));
            assertion.run();
        }
    }

    @Nested
    class Queue extends StepQueueContract {
        @Override
        protected StepQueue queue() {
            return onStage(StepQueue.class, simulation.queue());
        }

        @Override
        protected void after(Duration duration) {
            pass(duration);
        }
    }

    @Nested
    class Dead_letters extends DeadLetterQueueContract {
        @Override
        protected DeadLetterQueue deadLetters() {
            return onStage(DeadLetterQueue.class, simulation.deadLetters());
        }

        @Override
        protected void after(Duration duration) {
            pass(duration);
        }
    }

    @Nested
    class Items extends PayloadStoreContract {
        @Override
        protected PayloadStore payloads() {
            return onStage(PayloadStore.class, simulation.items());
        }
    }

    @Nested
    class Objects extends PayloadStoreContract {
        @Override
        protected PayloadStore payloads() {
            return onStage(PayloadStore.class, simulation.objects());
        }
    }
}
