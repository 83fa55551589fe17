package dev.stepstile.aws;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.stepstile.contracts.Samples;
import dev.stepstile.port.PortException;
import dev.stepstile.port.StepStore.StepRef;
import dev.stepstile.step.StepId;
import dev.stepstile.step.StepRecord;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;
import software.amazon.awssdk.services.dynamodb.model.BatchGetItemRequest;
import software.amazon.awssdk.services.dynamodb.model.BatchGetItemResponse;
import software.amazon.awssdk.services.dynamodb.model.KeysAndAttributes;

/** A throttled DynamoDB leaves a part of a batch unread; an emulator does not. */
class UnreadStepsTest {
    private static final String TABLE = "t";
    private static final String RUN = "r";

    /** Reads so many keys of each batch, and leaves the others. */
    private static final class Throttled implements DynamoDbClient {
        private final int readsAtOnce;
        final List<Integer> asked = new ArrayList<>();

        Throttled(int readsAtOnce) {
            this.readsAtOnce = readsAtOnce;
        }

        @Override
        public BatchGetItemResponse batchGetItem(BatchGetItemRequest request) {
            KeysAndAttributes batch =
                    Objects.requireNonNull(request.requestItems().get(TABLE));
            assertThat(batch.consistentRead()).isTrue();
            List<Map<String, AttributeValue>> keys = batch.keys();
            asked.add(keys.size());
            List<Map<String, AttributeValue>> read = keys.subList(0, Math.min(readsAtOnce, keys.size()));
            List<Map<String, AttributeValue>> left = keys.subList(read.size(), keys.size());
            BatchGetItemResponse.Builder response = BatchGetItemResponse.builder()
                    .responses(Map.of(
                            TABLE,
                            read.stream()
                                    .map(key -> item(new Attributes(key).text(ItemKeys.SK)))
                                    .toList()));
            return left.isEmpty()
                    ? response.unprocessedKeys(Map.of()).build()
                    : response.unprocessedKeys(Map.of(
                                    TABLE,
                                    KeysAndAttributes.builder()
                                            .keys(left)
                                            .consistentRead(true)
                                            .build()))
                            .build();
        }

        @Override
        public String serviceName() {
            return SERVICE_NAME;
        }

        @Override
        public void close() {}
    }

    private static Map<String, AttributeValue> item(String stepKey) {
        return RecordItem.write(Samples.running(RUN, stepKey)).values();
    }

    private static DynamoDbStepStore store(DynamoDbClient client) {
        return new DynamoDbStepStore(client, TABLE, Duration.ofDays(30), InstantSource.system());
    }

    private static List<StepRef> steps(int n) {
        return IntStream.range(0, n)
                .mapToObj(i -> new StepRef(new StepId(RUN, "step-" + i), 3))
                .toList();
    }

    @Test
    void what_a_batch_left_unread_is_asked_for_again() {
        Throttled throttled = new Throttled(4);
        List<StepRecord> records = store(throttled).records(steps(10));
        assertThat(records)
                .extracting(record -> record.id().stepKey())
                .containsExactlyInAnyOrderElementsOf(
                        steps(10).stream().map(step -> step.id().stepKey()).toList());
        assertThat(throttled.asked).containsExactly(10, 6, 2);
    }

    @Test
    void what_stays_unread_is_a_port_failure_and_not_a_missing_record() {
        Throttled throttled = new Throttled(0);
        assertThatThrownBy(() -> store(throttled).records(steps(3)))
                .isInstanceOf(PortException.class)
                .hasMessageContaining("3 of 3 steps unread");
        assertThat(throttled.asked).hasSize(6);
    }

    @Test
    void more_than_a_batch_takes_is_refused() {
        assertThatThrownBy(() -> store(new Throttled(100)).records(steps(101)))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void a_step_that_is_asked_for_twice_is_read_once() {
        Throttled throttled = new Throttled(100);
        List<StepRef> twice = List.of(steps(1).getFirst(), steps(1).getFirst());
        assertThat(store(throttled).records(twice)).hasSize(1);
        assertThat(throttled.asked).containsExactly(1);
    }
}
