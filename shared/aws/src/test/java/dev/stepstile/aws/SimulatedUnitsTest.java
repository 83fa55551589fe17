package dev.stepstile.aws;

import static org.assertj.core.api.Assertions.assertThat;

import dev.stepstile.contracts.Samples;
import dev.stepstile.port.StepStore.StepRef;
import dev.stepstile.simulatedaws.MeteredTable;
import dev.stepstile.simulatedaws.SimulatedTable;
import dev.stepstile.step.Payload;
import dev.stepstile.step.Precondition;
import dev.stepstile.step.Run;
import dev.stepstile.step.StepId;
import dev.stepstile.step.StepRecord;
import dev.stepstile.step.StepState;
import dev.stepstile.step.WorkerRecord;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;

/** The simulated table counts as DynamoDB Local does. */
@Tag("integration")
class SimulatedUnitsTest {
    private static final Duration RETENTION = Duration.ofDays(30);
    private static final InstantSource CLOCK = InstantSource.fixed(Instant.parse("2026-01-01T00:00:00Z"));

    @BeforeAll
    static void makeTable() {
        Emulated.resources(Duration.ofSeconds(15));
    }

    /** What each call consumed, in order. */
    private static List<String> used(DynamoDbClient client, String table, String runId) {
        List<String> used = new ArrayList<>();
        DynamoDbClient metered = new MeteredTable(
                client,
                use -> used.add(
                        use.request().getClass().getSimpleName() + " " + use.writeUnits() + " " + use.readUnits()));
        DynamoDbStepStore store = new DynamoDbStepStore(metered, table, RETENTION, CLOCK);
        DynamoDbWorkerStore workers = new DynamoDbWorkerStore(metered, table, RETENTION, CLOCK);
        DynamoDbPayloadItems payloads = new DynamoDbPayloadItems(metered, table, RETENTION, CLOCK);
        List<StepRecord> records = IntStream.range(0, 30)
                .mapToObj(i -> Samples.record(
                        runId,
                        "flights/day[" + i + "]",
                        1,
                        "worker#" + i,
                        0,
                        List.of(),
                        new StepState.Running(Samples.NOW.plusSeconds(60), false)))
                .toList();
        for (int i = 0; i < records.size(); i++) {
            StepRecord claimed = records.get(i);
            store.write(claimed, new Precondition.Absent());
            store.write(claimed, new Precondition.Absent()); // refused
            String result = "\"" + "ab1".repeat(i * 100) + Integer.toHexString(i) + "\"";
            store.write(
                    Samples.with(
                            claimed, new StepState.Succeeded(new Payload.Inline(result), Samples.NOW.plusSeconds(1))),
                    Precondition.fence(claimed));
            store.record(claimed.id(), claimed.shard());
        }
        int shard = records.getFirst().shard();
        store.list(runId, shard, null, 1000);
        store.feed(runId, shard, null, 1000);
        store.records(records.stream()
                .map(each -> new StepRef(each.id(), each.shard()))
                .toList());
        payloads.put(runId + "/big", new byte[] {1, 2, 3});
        payloads.get(runId + "/big");
        payloads.exists(runId + "/none");
        WorkerRecord worker = WorkerRecord.starting(
                runId + "-worker",
                records.stream()
                        .limit(10)
                        .map(record -> new WorkerRecord.Assignment(record.id(), record.shard(), "d-1", 0))
                        .toList(),
                Samples.NOW);
        workers.start(worker);
        workers.renew(worker.withBeat(
                Samples.NOW.plusSeconds(5),
                new TreeMap<>(Map.of(
                        0, new WorkerRecord.Activity(1, Samples.NOW, new StepState.Progress(0.5, "half"), "line")))));
        workers.askToCancel(worker.id(), records.getFirst().id());
        workers.worker(worker.id());
        workers.end(worker.id());
        return used;
    }

    @Test
    void each_call_consumes_the_same_on_both() {
        String runId = Samples.runId();
        List<String> onDynamoDbLocal = used(Emulated.dynamoDb(), Emulated.TABLE, runId);
        SimulatedTable simulated = new SimulatedTable(AwsResources.tableNamed(Emulated.TABLE));
        assertThat(onDynamoDbLocal).hasSizeGreaterThan(130);
        assertThat(used(simulated, Emulated.TABLE, runId)).containsExactlyElementsOf(onDynamoDbLocal);
    }

    /** As docs/cost.md says. */
    @Test
    void a_run_is_written_once_with_its_place_in_the_list_which_four_queries_read() {
        List<String> used = new ArrayList<>();
        DynamoDbStepStore store = new DynamoDbStepStore(
                new MeteredTable(
                        new SimulatedTable(AwsResources.tableNamed("t")),
                        use -> used.add(use.request().getClass().getSimpleName() + " " + use.writeUnits() + " "
                                + use.readUnits())),
                "t",
                RETENTION,
                CLOCK);
        store.putRunIfAbsent(new Run("r1", CLOCK.instant(), 8, 0));
        store.raiseCancelSeq("r1");
        store.runs(null, 20);
        assertThat(used)
                .containsExactly(
                        "PutItemRequest {feed=1.0, table=1.0} 0.0",
                        "UpdateItemRequest {table=1.0} 0.0",
                        "QueryRequest {} 0.5",
                        "QueryRequest {} 0.5",
                        "QueryRequest {} 0.5",
                        "QueryRequest {} 0.5");
    }

    /**
     * As "Queries that do not return results consume the minimum number of read capacity units" and "requests for
     * nonexistent items consume the minimum" in the references of Query and BatchGetItem; DynamoDB Local counts nothing.
     */
    @Test
    void a_read_that_finds_nothing_consumes_what_that_of_the_smallest_item_does() {
        List<Double> used = new ArrayList<>();
        DynamoDbStepStore store = new DynamoDbStepStore(
                new MeteredTable(new SimulatedTable(AwsResources.tableNamed("t")), use -> used.add(use.readUnits())),
                "t",
                RETENTION,
                CLOCK);
        store.feed("none", 0, null, 1000);
        store.list("none", 0, null, 1000);
        store.records(List.of(new StepRef(new StepId("none", "a"), 0), new StepRef(new StepId("none", "b"), 0)));
        assertThat(used).containsExactly(0.5, 1.0, 2.0);
    }
}
