package dev.stepstile.aws;

import dev.stepstile.port.DamagedData;
import dev.stepstile.port.PauseStore;
import dev.stepstile.step.Limits;
import dev.stepstile.step.Pause;
import dev.stepstile.step.PauseScope;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;
import software.amazon.awssdk.services.dynamodb.model.ConditionalCheckFailedException;
import software.amazon.awssdk.services.dynamodb.model.PutItemRequest;
import software.amazon.awssdk.services.dynamodb.model.QueryRequest;

/**
 * The pauses on DynamoDB: {@code pk} {@code pauses}, {@code sk} the name of the scope, which is read as a whole.
 *
 * <table>
 * <caption>Attributes</caption>
 * <tr><th>attribute</th><th>what</th></tr>
 * <tr><td>{@code p e r}</td><td>pausedAt, resumedAt, reason</td></tr>
 * <tr><td>{@code version}</td><td>on which each write depends</td></tr>
 * <tr><td>{@code ttl}</td><td>once it has ended: when the item may be deleted</td></tr>
 * </table>
 */
public final class DynamoDbPauseStore implements PauseStore {
    private static final Logger LOG = LoggerFactory.getLogger(DynamoDbPauseStore.class);
    private static final String PARTITION = "pauses";
    private static final String PAUSED_AT = "p";
    private static final String RESUMED_AT = "e";
    private static final String REASON = "r";

    private final DynamoDbClient dynamoDb;
    private final String table;
    private final TableReads reads;

    public DynamoDbPauseStore(DynamoDbClient dynamoDb, String table) {
        this.dynamoDb = dynamoDb;
        this.table = table;
        this.reads = new TableReads(dynamoDb, table);
    }

    @Override
    public List<Pause> pauses() {
        QueryRequest.Builder query = QueryRequest.builder().consistentRead(true);
        TableReads.after(query, ItemKeys.PK, PARTITION, ItemKeys.SK, null);
        return reads.queryReadable(
                "Query of the pauses", query, Integer.MAX_VALUE, DynamoDbPauseStore::readUnlessDamaged);
    }

    @Override
    public boolean replace(Pause next) {
        Attributes item = new Attributes(PARTITION, next.scope().name())
                .put(PAUSED_AT, next.pausedAt())
                .put(RESUMED_AT, next.resumedAt())
                .put(REASON, next.reason())
                .put(DispatchItem.VERSION, next.version());
        Instant ended = next.resumedAt();
        if (ended != null) {
            item.put(DynamoDbStepStore.TTL, ended.plus(Limits.PAUSE_KEPT).getEpochSecond());
        }
        WriteCondition expected =
                next.version() == 1 ? WriteCondition.ABSENT : WriteCondition.version(next.version() - 1);
        PutItemRequest request = expected.on(PutItemRequest.builder())
                .tableName(table)
                .item(item.values())
                .build();
        return AwsCalls.call("PutItem of the pause of " + next.scope().name(), () -> {
            try {
                dynamoDb.putItem(request);
                return true;
            } catch (ConditionalCheckFailedException e) {
                return false;
            }
        });
    }

    /** One that nobody can read must not stop every worker. */
    private static Optional<Pause> readUnlessDamaged(Map<String, AttributeValue> item) {
        try {
            return read(item);
        } catch (DamagedData e) {
            LOG.error("{} It is not heeded: pause again what it was to pause.", e.getMessage());
            return Optional.empty();
        }
    }

    private static Optional<Pause> read(Map<String, AttributeValue> read) {
        return TableReads.readable(read, values -> {
            Attributes item = new Attributes(values);
            String name = item.text(ItemKeys.SK);
            Optional<PauseScope> scope = PauseScope.named(name);
            if (scope.isEmpty()) {
                LOG.warn("The pause of {} is of a newer version; it is not heeded here. Deploy that version.", name);
            }
            return scope.map(its -> new Pause(
                    its,
                    item.instant(PAUSED_AT),
                    item.instantOrNull(RESUMED_AT),
                    item.text(REASON),
                    item.number(DispatchItem.VERSION)));
        });
    }
}
