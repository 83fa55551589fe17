package dev.stepstile.aws;

import dev.stepstile.contracts.PauseStoreContract;
import dev.stepstile.contracts.PayloadStoreContract;
import dev.stepstile.contracts.StepStoreContract;
import dev.stepstile.contracts.WorkerStoreContract;
import dev.stepstile.port.PauseStore;
import dev.stepstile.port.PayloadStore;
import dev.stepstile.port.StepStore;
import dev.stepstile.port.WorkerStore;
import dev.stepstile.simulatedaws.SimulatedTable;
import dev.stepstile.step.StepRecord;
import java.time.Duration;
import java.time.InstantSource;
import org.junit.jupiter.api.Nested;

/** The adapter over the simulated table keeps to the ports' contracts, as it does over DynamoDB Local. */
class SimulatedTableTest {
    private static final String TABLE = "stepstile";

    /** So few that queries need several answers. */
    private static final int ITEMS_PER_ANSWER = 3;

    /** What stands in for the table where it is bound; else each test has one that reads conditions as they are. */
    static final ScopedValue<SimulatedTable> UNDER_TEST = ScopedValue.newInstance();

    private final SimulatedTable table =
            UNDER_TEST.isBound() ? UNDER_TEST.get() : table(SimulatedTable.Reading.AS_WRITTEN);

    static SimulatedTable table(SimulatedTable.Reading reading) {
        return new SimulatedTable(AwsResources.tableNamed(TABLE), reading, ITEMS_PER_ANSWER);
    }

    @Nested
    class Step_store extends StepStoreContract {
        @Override
        protected StepStore store() {
            return new DynamoDbStepStore(table, TABLE, Duration.ofDays(30), InstantSource.system());
        }

        @Override
        protected void damage(StepRecord record) {
            Damage.record(table, TABLE, record);
        }
    }

    @Nested
    class Pauses extends PauseStoreContract {
        @Override
        protected PauseStore pauses() {
            return new DynamoDbPauseStore(table, TABLE);
        }
    }

    @Nested
    class Workers extends WorkerStoreContract {
        @Override
        protected WorkerStore workers() {
            return new DynamoDbWorkerStore(table, TABLE, Duration.ofDays(30), InstantSource.system());
        }
    }

    @Nested
    class Items extends PayloadStoreContract {
        @Override
        protected PayloadStore payloads() {
            return new DynamoDbPayloadItems(table, TABLE, Duration.ofDays(30), InstantSource.system());
        }

        @Override
        protected int largest() {
            return 16 * 1024;
        }
    }
}
