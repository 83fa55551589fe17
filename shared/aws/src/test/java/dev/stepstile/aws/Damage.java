package dev.stepstile.aws;

import dev.stepstile.step.StepRecord;
import java.util.LinkedHashMap;
import java.util.Map;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;
import software.amazon.awssdk.services.dynamodb.model.GetItemRequest;
import software.amazon.awssdk.services.dynamodb.model.PutItemRequest;

/** What a hand in the console may do to a table: changes made past the store. */
final class Damage {
    private Damage() {}

    /** Makes a text of a record's number of pages. */
    static void record(DynamoDbClient dynamoDb, String table, StepRecord record) {
        Map<String, AttributeValue> item = new LinkedHashMap<>(dynamoDb.getItem(GetItemRequest.builder()
                        .tableName(table)
                        .key(ItemKeys.record(record.id(), record.shard()))
                        .consistentRead(true)
                        .build())
                .item());
        item.put("pages", AttributeValue.fromS("two"));
        dynamoDb.putItem(PutItemRequest.builder().tableName(table).item(item).build());
    }
}
