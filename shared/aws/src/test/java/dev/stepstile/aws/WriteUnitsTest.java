package dev.stepstile.aws;

import static org.assertj.core.api.Assertions.assertThat;

import dev.stepstile.contracts.Samples;
import dev.stepstile.emulators.AwsUsage;
import dev.stepstile.step.Limits;
import dev.stepstile.step.Payload;
import dev.stepstile.step.Precondition;
import dev.stepstile.step.StepId;
import dev.stepstile.step.StepRecord;
import dev.stepstile.step.StepState;
import dev.stepstile.step.WorkerRecord;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.UUID;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** What a step's writes cost, as DynamoDB counts it. */
@Tag("integration")
class WriteUnitsTest {
    private static final Duration LEASE = Duration.ofSeconds(60);

    private final AwsUsage usage = new AwsUsage();
    private final DynamoDbStepStore store = new DynamoDbStepStore(
            Emulated.dynamoDb(usage), Emulated.TABLE, Duration.ofDays(30), InstantSource.system());

    private final DynamoDbWorkerStore workers = new DynamoDbWorkerStore(
            Emulated.dynamoDb(usage), Emulated.TABLE, Duration.ofDays(30), InstantSource.system());

    @BeforeAll
    static void makeTable() {
        Emulated.resources(LEASE);
    }

    private static StepRecord claimed(String runId) {
        return Samples.record(
                runId,
                "flights/day[2013-01-31]",
                1,
                UUID.randomUUID().toString(),
                0,
                List.of(),
                new StepState.Running(Samples.NOW.plus(LEASE), false));
    }

    /** A JSON string that no packing makes smaller than this. */
    private static String incompressible(int bytes) {
        StringBuilder json = new StringBuilder("\"");
        Random random = new Random(1);
        while (CompactBytes.pack(json + "\"").length - 1 < bytes) {
            json.append((char) ('!' + random.nextInt(90))); // up to 'z', but for the quote and the backslash
            char last = json.charAt(json.length() - 1);
            if (last == '"' || last == '\\') {
                json.setLength(json.length() - 1);
            }
        }
        return json.append('"').toString();
    }

    private static StepRecord succeeded(StepRecord claimed, int resultBytes) {
        return Samples.with(
                claimed,
                new StepState.Succeeded(new Payload.Inline(incompressible(resultBytes)), Samples.NOW.plusSeconds(1)));
    }

    @Test
    void a_claim_is_one_unit_and_a_result_of_512_bytes_one_of_the_table_and_one_of_the_feed() {
        StepRecord claimed = claimed(Samples.runId());
        store.write(claimed, new Precondition.Absent());
        AwsUsage.Usage afterClaim = usage.soFar();
        assertThat(afterClaim.writeUnits()).isEqualTo(Map.of("table", 1.0));

        StepRecord succeeded = succeeded(claimed, Limits.INLINE_BYTES);
        store.write(succeeded, Precondition.fence(claimed));
        assertThat(usage.soFar().since(afterClaim).writeUnits()).isEqualTo(Map.of("table", 1.0, "feed", 1.0));
        assertThat(usage.soFar().allWriteUnits()).isEqualTo(3.0);
        assertThat(usage.soFar().requests()).isEqualTo(Map.of("DynamoDb.PutItem", 2L));
    }

    @Test
    void a_larger_result_would_take_a_second_unit() {
        StepRecord claimed = claimed(Samples.runId());
        store.write(claimed, new Precondition.Absent());
        AwsUsage.Usage afterClaim = usage.soFar();
        store.write(succeeded(claimed, 2 * Limits.INLINE_BYTES), Precondition.fence(claimed));
        assertThat(usage.soFar().since(afterClaim).writeUnits()).containsEntry("table", 2.0);
    }

    @Test
    void a_worker_of_ten_steps_is_one_unit_to_start_one_for_each_heartbeat_and_one_to_end() {
        List<WorkerRecord.Assignment> steps = IntStream.range(0, 10)
                .mapToObj(i -> new WorkerRecord.Assignment(
                        new StepId("nightly-2026-11-24", "flights/day[2013-01-%02d]".formatted(i)), i % 8, "d-1", i))
                .toList();
        WorkerRecord worker = WorkerRecord.starting(UUID.randomUUID().toString(), steps, Samples.NOW.plus(LEASE));
        workers.start(worker);
        assertThat(usage.soFar().writeUnits()).isEqualTo(Map.of("table", 1.0));
        SortedMap<Integer, WorkerRecord.Activity> doing = new TreeMap<>();
        for (int i = 0; i < 10; i++) {
            doing.put(i, new WorkerRecord.Activity(1, Samples.NOW, new StepState.Progress(0.5, "half"), ""));
        }
        assertThat(workers.renew(worker.withBeat(Samples.NOW.plus(LEASE), doing)))
                .isPresent();
        assertThat(usage.soFar().writeUnits()).isEqualTo(Map.of("table", 2.0));
        workers.end(worker.id());
        assertThat(usage.soFar().writeUnits()).isEqualTo(Map.of("table", 3.0));
    }

    @Test
    void a_heartbeat_of_ten_steps_that_print_much_is_at_most_three_units() {
        List<WorkerRecord.Assignment> steps = IntStream.range(0, 10)
                .mapToObj(i -> new WorkerRecord.Assignment(new StepId("r", "s" + i), i % 8, "d", i))
                .toList();
        WorkerRecord worker = WorkerRecord.starting(UUID.randomUUID().toString(), steps, Samples.NOW.plus(LEASE));
        workers.start(worker);
        SortedMap<Integer, WorkerRecord.Activity> doing = new TreeMap<>();
        String random = incompressible(3_000);
        for (int i = 0; i < 10; i++) {
            StepState.Progress progress = new StepState.Progress(0.5, random.substring(200 * i + 1, 200 * i + 101));
            String line = random.substring(200 * i + 101, 200 * i + 201);
            doing.put(i, new WorkerRecord.Activity(1, Samples.NOW, progress, line));
        }
        AwsUsage.Usage started = usage.soFar();
        workers.renew(worker.withBeat(Samples.NOW.plus(LEASE), doing));
        assertThat(usage.soFar().since(started).allWriteUnits()).isBetween(2.0, 3.0);
    }

    @Test
    void a_refused_write_is_counted_and_so_is_a_read() {
        StepRecord claimed = claimed(Samples.runId());
        store.write(claimed, new Precondition.Absent());
        AwsUsage.Usage afterClaim = usage.soFar();
        store.write(claimed, new Precondition.Absent());
        store.record(claimed.id(), claimed.shard());
        AwsUsage.Usage used = usage.soFar().since(afterClaim);
        assertThat(used.refusedWrites()).isEqualTo(1);
        assertThat(used.allWriteUnits()).isEqualTo(1.0);
        assertThat(used.readUnits()).as("a consistent read of less than 4 KB").isEqualTo(1.0);
    }
}
