package dev.stepstile.local.runbooks;

import dev.stepstile.aws.AwsResources;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;

/** Point-in-time recovery, which DynamoDB Local does not have: copies of a table, which are restored to another one. */
final class TableCopies {
    private final DynamoDbClient dynamoDb;
    private final Map<String, TreeMap<Instant, List<Map<String, AttributeValue>>>> copies = new TreeMap<>();
    private final Set<String> kept = new TreeSet<>();

    TableCopies(DynamoDbClient dynamoDb) {
        this.dynamoDb = dynamoDb;
    }

    /** Copies the table as it is now. */
    synchronized void copy(String table, Instant now) {
        copies.computeIfAbsent(table, first -> new TreeMap<>()).put(now, items(table));
    }

    private List<Map<String, AttributeValue>> items(String table) {
        return dynamoDb.scanPaginator(scan -> scan.tableName(table).consistentRead(true)).items().stream()
                .toList();
    }

    /** Makes another table, with what was copied at this time or last before it. */
    synchronized void restore(String source, String target, Instant at) {
        Map.Entry<Instant, List<Map<String, AttributeValue>>> copy =
                copies.getOrDefault(source, new TreeMap<>()).floorEntry(at);
        if (copy == null) {
            throw new IllegalArgumentException("nothing was copied of " + source + " by " + at);
        }
        dynamoDb.createTable(AwsResources.tableNamed(target));
        copy.getValue()
                .forEach(item -> dynamoDb.putItem(put -> put.tableName(target).item(item)));
    }

    /** Replaces what is in the table by what was copied, as if it had been deleted and restored under its name. */
    synchronized void restoreInPlace(String table, Instant at) {
        items(table)
                .forEach(item -> dynamoDb.deleteItem(
                        delete -> delete.tableName(table).key(Map.of("pk", key(item, "pk"), "sk", key(item, "sk")))));
        copies.getOrDefault(table, new TreeMap<>())
                .floorEntry(at)
                .getValue()
                .forEach(item -> dynamoDb.putItem(put -> put.tableName(table).item(item)));
    }

    private static AttributeValue key(Map<String, AttributeValue> item, String name) {
        return item.getOrDefault(name, AttributeValue.fromNul(true));
    }

    synchronized void keep(String table) {
        kept.add(table);
    }

    /** Whether point-in-time recovery was switched on. */
    synchronized boolean isKept(String table) {
        return kept.contains(table);
    }
}
