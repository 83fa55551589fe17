package dev.stepstile.aws;

import static org.assertj.core.api.Assertions.assertThat;

import dev.stepstile.contracts.Samples;
import dev.stepstile.port.LogPage;
import dev.stepstile.simulatedaws.SimulatedTable;
import dev.stepstile.step.Dispatch;
import dev.stepstile.step.Precondition;
import dev.stepstile.step.RedriveCall;
import dev.stepstile.step.Retention;
import dev.stepstile.step.Run;
import dev.stepstile.step.StepRecord;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;

/** When DynamoDB may delete an item: what a dispatch needs outlives it, and a run outlives its dispatches. */
class TimeToLiveTest {
    private static final Duration RETENTION = Duration.ofDays(30);
    private static final Duration OF_NEEDED = RETENTION.plus(Retention.SPARE);

    private final SimulatedTable table = new SimulatedTable(AwsResources.tableNamed("table"));
    private static final Instant START = Samples.NOW.truncatedTo(ChronoUnit.SECONDS);
    private Instant now = START;
    private final DynamoDbStepStore store = new DynamoDbStepStore(table, "table", RETENTION, () -> now);

    /** For how long an item still lives. */
    private Duration life(Map<String, AttributeValue> key) {
        Map<String, AttributeValue> item =
                table.getItem(request -> request.tableName("table").key(key)).item();
        return Duration.between(now, Instant.ofEpochSecond(new Attributes(item).number("ttl")));
    }

    private Duration lifeOfRun() {
        return life(ItemKeys.of(ItemKeys.run("r"), ItemKeys.RUN_SK));
    }

    @Test
    void of_a_run_is_put_off_by_whoever_is_about_to_write_what_belongs_to_it_once_a_day() {
        store.putRunIfAbsent(new Run("r", now, 8, 0));
        assertThat(lifeOfRun()).isEqualTo(OF_NEEDED);
        now = now.plus(Duration.ofHours(23));
        store.keepRun("r");
        assertThat(lifeOfRun()).as("not yet worth a write").isEqualTo(OF_NEEDED.minusHours(23));
        now = now.plus(Duration.ofHours(2));
        store.run("r");
        assertThat(lifeOfRun()).as("a reader does not keep it").isEqualTo(OF_NEEDED.minusHours(25));
        assertThat(store.keepRun("r")).contains(new Run("r", START, 8, 0));
        assertThat(lifeOfRun()).isEqualTo(OF_NEEDED);
        now = now.plus(Duration.ofDays(40));
        store.putRunIfAbsent(new Run("r", now, 8, 0));
        assertThat(lifeOfRun()).isEqualTo(OF_NEEDED);
        now = now.plus(Duration.ofHours(1));
        store.raiseCancelSeq("r");
        assertThat(lifeOfRun()).isEqualTo(OF_NEEDED);
    }

    @Test
    void of_what_a_dispatch_needs_is_later_than_its_own() {
        Dispatch dispatch = Samples.dispatch("r", "d", now);
        store.putDispatchIfAbsent(dispatch);
        assertThat(life(ItemKeys.of(ItemKeys.run("r"), "dispatch#d"))).isEqualTo(RETENTION);
        now = now.plusSeconds(100);
        store.replace(dispatch.taken(now));
        assertThat(life(ItemKeys.of(ItemKeys.run("r"), "dispatch#d")))
                .as("a sweep keeps it")
                .isEqualTo(RETENTION);
        StepRecord record = Samples.running("r", "k");
        store.write(record, new Precondition.Absent());
        assertThat(life(ItemKeys.record(record.id(), record.shard()))).isEqualTo(OF_NEEDED);
        now = now.plus(Duration.ofDays(20));
        store.write(record, Precondition.asRead(record));
        assertThat(life(ItemKeys.record(record.id(), record.shard())))
                .as("the same again keeps it longer")
                .isEqualTo(OF_NEEDED);
        store.putPage(new LogPage(record.id(), record.shard(), 1, 0, now, List.of()));
        assertThat(life(ItemKeys.of(ItemKeys.pages("r", record.shard()), ItemKeys.page("k", 1, 0))))
                .isEqualTo(OF_NEEDED);
        store.putRedriveIfAbsent(new RedriveCall("r", "once", "", now, null, List.of()));
        assertThat(life(ItemKeys.of(ItemKeys.run("r"), "redrive#once"))).isEqualTo(RETENTION);
        new DynamoDbPayloadItems(table, "table", RETENTION, () -> now).put("shared/x", new byte[10]);
        assertThat(life(ItemKeys.of("payload#shared/x", "payload"))).isEqualTo(OF_NEEDED);
    }
}
