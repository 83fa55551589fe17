package dev.stepstile.aws;

import dev.stepstile.contracts.DeadLetterQueueContract;
import dev.stepstile.contracts.PayloadStoreContract;
import dev.stepstile.contracts.StepQueueContract;
import dev.stepstile.contracts.StepStoreContract;
import dev.stepstile.contracts.WorkerStoreContract;
import dev.stepstile.port.DeadLetterQueue;
import dev.stepstile.port.PayloadStore;
import dev.stepstile.port.Ports;
import dev.stepstile.port.StepQueue;
import dev.stepstile.port.StepStore;
import dev.stepstile.port.WorkerStore;
import dev.stepstile.step.StepRecord;
import java.time.Duration;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Tag;

/** The AWS ports keep to the ports' contracts, over the SDK, against emulators. */
@Tag("integration")
class AwsContractsTest {
    private static final int RETENTION_DAYS = 30;

    private Ports ports;
    private String table;

    @BeforeEach
    void open() {
        ResourceNames names = Emulated.resources(Duration.ofSeconds(2));
        table = names.table();
        ports = AwsPorts.of(
                Emulated.DYNAMO_DB_CLIENT, Emulated.SQS_CLIENT, () -> Emulated.S3_CLIENT, names, RETENTION_DAYS);
    }

    /** Time goes by at its own pace in a process of its own. */
    private static void pass(Duration duration) {
        try {
            Thread.sleep(duration);
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    @Nested
    class Step_store extends StepStoreContract {
        @Override
        protected StepStore store() {
            return ports.store();
        }

        @Override
        protected void damage(StepRecord record) {
            Damage.record(Emulated.DYNAMO_DB_CLIENT, table, record);
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
            pass(duration);
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
            pass(duration);
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
