package dev.stepstile.embedded;

import dev.stepstile.contracts.DeadLetterQueueContract;
import dev.stepstile.contracts.PauseStoreContract;
import dev.stepstile.contracts.PayloadStoreContract;
import dev.stepstile.contracts.StepQueueContract;
import dev.stepstile.contracts.StepStoreContract;
import dev.stepstile.contracts.WorkerStoreContract;
import dev.stepstile.port.DeadLetterQueue;
import dev.stepstile.port.PauseStore;
import dev.stepstile.port.PayloadStore;
import dev.stepstile.port.Ports;
import dev.stepstile.port.StepQueue;
import dev.stepstile.port.StepStore;
import dev.stepstile.port.WorkerStore;
import dev.stepstile.step.StepRecord;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Nested;

/** The ports' contracts, for embedded ports. */
abstract class EmbeddedPortsContracts {
    private final AtomicReference<Duration> ahead = new AtomicReference<>(Duration.ZERO);
    private EmbeddedPorts embedded;
    private Ports ports;

    abstract EmbeddedPorts open(Duration visibility, InstantSource clock);

    abstract void damage(EmbeddedPorts opened, StepRecord record);

    @BeforeEach
    void open() {
        embedded = open(StepQueueContract.VISIBILITY, () -> Instant.now().plus(ahead.get()));
        ports = embedded.ports();
    }

    @AfterEach
    void close() {
        embedded.close();
    }

    @Nested
    class Step_store extends StepStoreContract {
        @Override
        protected StepStore store() {
            return ports.store();
        }

        @Override
        protected void damage(StepRecord record) {
            EmbeddedPortsContracts.this.damage(embedded, record);
        }
    }

    @Nested
    class Pauses extends PauseStoreContract {
        @Override
        protected PauseStore pauses() {
            return ports.pauses();
        }
    }

    @Nested
    class Workers extends WorkerStoreContract {
        @Override
        protected WorkerStore workers() {
            return ports.workers();
        }
    }

    @Nested
    class Queue extends StepQueueContract {
        @Override
        protected StepQueue queue() {
            return ports.queue();
        }

        @Override
        protected void after(Duration duration) {
            ahead.updateAndGet(sum -> sum.plus(duration));
        }
    }

    @Nested
    class Dead_letters extends DeadLetterQueueContract {
        @Override
        protected DeadLetterQueue deadLetters() {
            return ports.deadLetters();
        }

        @Override
        protected void after(Duration duration) {
            ahead.updateAndGet(sum -> sum.plus(duration));
        }
    }

    @Nested
    class Items extends PayloadStoreContract {
        @Override
        protected PayloadStore payloads() {
            return ports.items();
        }

        @Override
        protected int largest() {
            return 16 * 1024;
        }
    }

    @Nested
    class Objects extends PayloadStoreContract {
        @Override
        protected PayloadStore payloads() {
            return ports.objects();
        }
    }
}
