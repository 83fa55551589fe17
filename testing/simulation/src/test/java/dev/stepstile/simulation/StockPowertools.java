package dev.stepstile.simulation;

import com.fasterxml.jackson.databind.node.TextNode;
import dev.stepstile.port.StepStore;
import dev.stepstile.step.Precondition;
import dev.stepstile.step.StepRecord;
import dev.stepstile.step.StepState;
import java.time.Duration;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.awssdk.services.dynamodb.model.DeleteItemRequest;
import software.amazon.awssdk.services.dynamodb.model.DeleteItemResponse;
import software.amazon.awssdk.services.dynamodb.model.UpdateItemRequest;
import software.amazon.awssdk.services.dynamodb.model.UpdateItemResponse;
import software.amazon.lambda.powertools.idempotency.IdempotencyConfig;
import software.amazon.lambda.powertools.idempotency.persistence.DynamoDBPersistenceStore;

/**
 * Ends steps by Powertools' own {@link DynamoDBPersistenceStore}: its "save success" and its "delete" are what is asked
 * of the table, under the condition that it puts, which is none.
 */
final class StockPowertools extends PassingStore {
    private static final IdempotencyConfig CONFIG =
            IdempotencyConfig.builder().withExpiration(Duration.ofHours(1)).build();

    StockPowertools(StepStore store) {
        super(store);
    }

    @Override
    public WriteResult write(StepRecord next, Precondition expect) {
        if (!(expect instanceof Precondition.Fence) || next.state() instanceof StepState.Running) {
            return store.write(next, expect);
        }
        TextNode key = TextNode.valueOf(next.id().toString());
        OneWrite write = new OneWrite(next, expect);
        DynamoDBPersistenceStore stock = DynamoDBPersistenceStore.builder()
                .withTableName("idempotency")
                .withDynamoDbClient(write)
                .build();
        stock.configure(CONFIG, "step");
        if (next.state() instanceof StepState.Succeeded(var result, var at)) {
            stock.saveSuccess(key, result, at);
        } else {
            stock.deleteRecord(key, new IllegalStateException("the attempt failed"));
        }
        return Objects.requireNonNull(write.result, "the stock store wrote nothing");
    }

    /** The table, as far as one end of an attempt goes: the record is written under the request's condition. */
    private final class OneWrite implements DynamoDbClient {
        private final StepRecord next;
        private final Precondition expect;

        @Nullable
        WriteResult result;

        OneWrite(StepRecord next, Precondition expect) {
            this.next = next;
            this.expect = expect;
        }

        @Override
        public UpdateItemResponse updateItem(UpdateItemRequest request) {
            write(request.conditionExpression() == null);
            return UpdateItemResponse.builder().build();
        }

        @Override
        public DeleteItemResponse deleteItem(DeleteItemRequest request) {
            write(request.conditionExpression() == null);
            return DeleteItemResponse.builder().build();
        }

        private void write(boolean unconditional) {
            WriteResult written = store.write(next, expect);
            while (unconditional && written instanceof WriteResult.Refused(StepRecord found) && found != null) {
                written = store.write(next, Precondition.asRead(found));
            }
            result = written;
        }

        @Override
        public String serviceName() {
            return "dynamodb";
        }

        @Override
        public void close() {}
    }
}
