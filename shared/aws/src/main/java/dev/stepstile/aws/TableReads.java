package dev.stepstile.aws;

import static dev.stepstile.aws.Attributes.ofText;

import dev.stepstile.port.DamagedData;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;
import software.amazon.awssdk.services.dynamodb.model.GetItemResponse;
import software.amazon.awssdk.services.dynamodb.model.QueryRequest;
import software.amazon.awssdk.services.dynamodb.model.QueryResponse;

/** Reads items of the table, and passes them through their codecs. */
record TableReads(DynamoDbClient dynamoDb, String table) {

    /** Consistent. */
    Optional<Map<String, AttributeValue>> get(String what, Map<String, AttributeValue> key) {
        GetItemResponse response = AwsCalls.call(
                what,
                () -> dynamoDb.getItem(
                        request -> request.tableName(table).key(key).consistentRead(true)));
        return response.hasItem() ? Optional.of(response.item()) : Optional.empty();
    }

    /** What lies in a partition behind a sort key, or from its beginning on. */
    static void after(QueryRequest.Builder query, String partition, String key, String sort, @Nullable String after) {
        if (after == null) {
            query.keyConditionExpression(partition + " = :key").expressionAttributeValues(Map.of(":key", ofText(key)));
        } else {
            query.keyConditionExpression(partition + " = :key AND " + sort + " > :after")
                    .expressionAttributeValues(Map.of(":key", ofText(key), ":after", ofText(after)));
        }
    }

    /** DynamoDB ends a page at 1 MB; this reads further pages until {@code limit} or the end. */
    <T> List<T> query(
            String what, QueryRequest.Builder query, int limit, Function<Map<String, AttributeValue>, T> read) {
        return queryReadable(what, query, limit, item -> Optional.of(read.apply(item)));
    }

    /** As {@link #query}, without the items of which nothing is read. */
    <T> List<T> queryReadable(
            String what,
            QueryRequest.Builder query,
            int limit,
            Function<Map<String, AttributeValue>, Optional<T>> read) {
        List<T> found = new ArrayList<>();
        query.tableName(table);
        while (found.size() < limit) {
            if (limit < Integer.MAX_VALUE) {
                query.limit(limit - found.size());
            }
            QueryRequest request = query.build();
            QueryResponse response = AwsCalls.call(what, () -> dynamoDb.query(request));
            response.items().forEach(item -> read.apply(item).ifPresent(found::add));
            if (!response.hasLastEvaluatedKey()) {
                break;
            }
            query.exclusiveStartKey(response.lastEvaluatedKey());
        }
        return found;
    }

    /** The content of an item; an item that its codec cannot read is damaged. */
    static <T> T readable(Map<String, AttributeValue> item, Function<Map<String, AttributeValue>, T> codec) {
        try {
            return codec.apply(item);
        } catch (RuntimeException e) { // whatever a codec makes of an item that it did not write
            AttributeValue pk = item.get(ItemKeys.PK);
            AttributeValue sk = item.get(ItemKeys.SK);
            throw new DamagedData(
                    "The item " + (pk == null ? "?" : pk.s()) + " / " + (sk == null ? "?" : sk.s())
                            + " cannot be read: it was edited by hand, or a newer version wrote it."
                            + " Restore the table to a point before, or deploy that version.",
                    e);
        }
    }
}
