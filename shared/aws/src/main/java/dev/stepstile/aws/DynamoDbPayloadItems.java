package dev.stepstile.aws;

import dev.stepstile.port.PayloadStore;
import dev.stepstile.step.Retention;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Optional;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.awssdk.services.dynamodb.model.GetItemResponse;

/**
 * Payloads in items of their own beside the records: {@code pk} {@code payload#<key>}, {@code sk} {@code payload},
 * {@code b} the bytes, packed as described in {@link DynamoDbStepStore}, {@code ttl}. An item takes 400 KB.
 */
public final class DynamoDbPayloadItems implements PayloadStore {
    private static final String SK = "payload";
    private static final String CONTENT = "b";

    private final DynamoDbClient dynamoDb;
    private final String table;
    private final Duration retention;
    private final InstantSource clock;

    /** @param retention of a dispatch; what it needs is kept {@link Retention#SPARE} longer */
    public DynamoDbPayloadItems(DynamoDbClient dynamoDb, String table, Duration retention, InstantSource clock) {
        this.dynamoDb = dynamoDb;
        this.table = table;
        this.retention = retention;
        this.clock = clock;
    }

    @Override
    public void put(String key, byte[] content) {
        Attributes item = new Attributes(pk(key), SK)
                .put(CONTENT, Attributes.ofBytes(CompactBytes.pack(content)))
                .put(
                        DynamoDbStepStore.TTL,
                        clock.instant().plus(retention).plus(Retention.SPARE).getEpochSecond());
        AwsCalls.call(
                "PutItem of payload " + key,
                () -> dynamoDb.putItem(request -> request.tableName(table).item(item.values())));
    }

    @Override
    public Optional<byte[]> get(String key) {
        GetItemResponse response = read(key, CONTENT);
        return response.hasItem()
                ? Optional.of(CompactBytes.unpack(new Attributes(response.item()).bytes(CONTENT)))
                : Optional.empty();
    }

    @Override
    public boolean exists(String key) {
        return read(key, ItemKeys.PK).hasItem();
    }

    private GetItemResponse read(String key, String attribute) {
        return AwsCalls.call(
                "GetItem of payload " + key,
                () -> dynamoDb.getItem(request -> request.tableName(table)
                        .key(ItemKeys.of(pk(key), SK))
                        .projectionExpression(attribute)
                        .consistentRead(true)));
    }

    private static String pk(String key) {
        return "payload#" + key;
    }
}
