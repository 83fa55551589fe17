package dev.stepstile.aws;

import static dev.stepstile.aws.Conjunct.stands;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;
import software.amazon.awssdk.services.dynamodb.model.BatchGetItemRequest;
import software.amazon.awssdk.services.dynamodb.model.BatchGetItemResponse;
import software.amazon.awssdk.services.dynamodb.model.ConditionalCheckFailedException;
import software.amazon.awssdk.services.dynamodb.model.CreateTableRequest;
import software.amazon.awssdk.services.dynamodb.model.DeleteItemRequest;
import software.amazon.awssdk.services.dynamodb.model.DeleteItemResponse;
import software.amazon.awssdk.services.dynamodb.model.GetItemRequest;
import software.amazon.awssdk.services.dynamodb.model.GetItemResponse;
import software.amazon.awssdk.services.dynamodb.model.GlobalSecondaryIndex;
import software.amazon.awssdk.services.dynamodb.model.KeySchemaElement;
import software.amazon.awssdk.services.dynamodb.model.PutItemRequest;
import software.amazon.awssdk.services.dynamodb.model.PutItemResponse;
import software.amazon.awssdk.services.dynamodb.model.QueryRequest;
import software.amazon.awssdk.services.dynamodb.model.QueryResponse;
import software.amazon.awssdk.services.dynamodb.model.ReturnValuesOnConditionCheckFailure;
import software.amazon.awssdk.services.dynamodb.model.UpdateItemRequest;
import software.amazon.awssdk.services.dynamodb.model.UpdateItemResponse;

/**
 * DynamoDB in memory, behind the SDK's own client: it evaluates the expressions that the adapter sends, so that one of
 * them can be changed and nothing else. Indexes do not lag.
 */
final class SimulatedTable implements DynamoDbClient {
    /** An answer ends after so many items, as DynamoDB's does at 1 MB. */
    private static final int ITEMS_PER_ANSWER = 3;

    private static final Pattern UPDATE = Pattern.compile("(?:SET (\\S+ = \\S+(?:, \\S+ = \\S+)*))? ?(?:ADD (#\\w+) (:\\w+))?");
    private static final Pattern PLACEHOLDER = Pattern.compile("[#:]\\w+");

    /** What the table makes of a condition's conjuncts. */
    interface Reading {
        Reading AS_WRITTEN = (expression, conjunct, holds) -> holds;

        /** @param holds whether the conjunct holds, as it is written */
        boolean holds(String expression, Conjunct conjunct, boolean holds);
    }

    private final Reading reading;
    private final CreateTableRequest definition;
    private final Map<String, Map<String, AttributeValue>> items = new TreeMap<>();

    SimulatedTable(CreateTableRequest definition, Reading reading) {
        this.definition = definition;
        this.reading = reading;
    }

    @Override
    public synchronized PutItemResponse putItem(PutItemRequest request) {
        String key = key(request.item());
        Map<String, AttributeValue> stored = items.get(key);
        Map<String, String> names = request.expressionAttributeNames();
        Map<String, AttributeValue> values = request.expressionAttributeValues();
        if (request.conditionExpression() != null) {
            placeholdersAreUsed(request.conditionExpression(), names, values);
            if (!holds(request.conditionExpression(), stored == null ? Map.of() : stored, names, values)) {
                throw refused(stored, request.returnValuesOnConditionCheckFailure());
            }
        }
        items.put(key, Map.copyOf(request.item()));
        return PutItemResponse.builder().build();
    }

    @Override
    public synchronized UpdateItemResponse updateItem(UpdateItemRequest request) {
        String key = key(request.key());
        Map<String, AttributeValue> stored = items.get(key);
        Map<String, String> names = request.expressionAttributeNames();
        Map<String, AttributeValue> values = request.expressionAttributeValues();
        placeholdersAreUsed(request.conditionExpression() + " " + request.updateExpression(), names, values);
        if (!holds(request.conditionExpression(), stored == null ? Map.of() : stored, names, values)) {
            throw refused(stored, request.returnValuesOnConditionCheckFailure());
        }
        Map<String, AttributeValue> next = new HashMap<>(stored == null ? request.key() : stored);
        Matcher update = UPDATE.matcher(request.updateExpression());
        if (!update.matches()) {
            throw new IllegalArgumentException("no update that is known here: " + request.updateExpression());
        }
        if (update.group(1) != null) {
            for (String assignment : update.group(1).split(", ", -1)) {
                String[] sides = assignment.split(" = ", -1);
                next.put(stands(sides[0], names), stands(sides[1], values));
            }
        }
        if (update.group(2) != null) {
            next.merge(stands(update.group(2), names), stands(update.group(3), values), SimulatedTable::added);
        }
        items.put(key, Map.copyOf(next));
        return UpdateItemResponse.builder().attributes(next).build();
    }

    /** Numbers are added up, and sets are united. */
    private static AttributeValue added(AttributeValue was, AttributeValue more) {
        return was.hasSs()
                ? AttributeValue.fromSs(Stream.of(was.ss(), more.ss())
                        .flatMap(List::stream)
                        .distinct()
                        .toList())
                : Attributes.ofNumber(number(was) + number(more));
    }

    @Override
    public synchronized DeleteItemResponse deleteItem(DeleteItemRequest request) {
        String key = key(request.key());
        Map<String, AttributeValue> stored = items.get(key);
        placeholdersAreUsed(
                request.conditionExpression(),
                request.expressionAttributeNames(),
                request.expressionAttributeValues());
        if (!holds(
                request.conditionExpression(),
                stored == null ? Map.of() : stored,
                request.expressionAttributeNames(),
                request.expressionAttributeValues())) {
            throw refused(stored, request.returnValuesOnConditionCheckFailure());
        }
        items.remove(key);
        return DeleteItemResponse.builder().build();
    }

    @Override
    public synchronized GetItemResponse getItem(GetItemRequest request) {
        Map<String, AttributeValue> stored = items.get(key(request.key()));
        if (stored == null) {
            return GetItemResponse.builder().build();
        }
        String projection = request.projectionExpression();
        return GetItemResponse.builder()
                .item(projection == null ? stored : projected(stored, Set.of(projection)))
                .build();
    }

    @Override
    public synchronized BatchGetItemResponse batchGetItem(BatchGetItemRequest request) {
        Map<String, List<Map<String, AttributeValue>>> found = new HashMap<>();
        request.requestItems()
                .forEach((table, keys) -> found.put(
                        table,
                        keys.keys().stream()
                                .flatMap(key -> Stream.ofNullable(items.get(key(key))))
                                .toList()));
        return BatchGetItemResponse.builder()
                .responses(found)
                .unprocessedKeys(Map.of())
                .build();
    }

    @Override
    public synchronized QueryResponse query(QueryRequest request) {
        Map<String, AttributeValue> values = request.expressionAttributeValues();
        placeholdersAreUsed(request.keyConditionExpression(), request.expressionAttributeNames(), values);
        GlobalSecondaryIndex index = request.indexName() == null ? null : index(request.indexName());
        List<String> keys = (index == null ? definition.keySchema() : index.keySchema())
                .stream().map(KeySchemaElement::attributeName).toList();
        String expression = request.keyConditionExpression();
        List<Conjunct> conjuncts = Conjunct.of(expression);
        List<Map<String, AttributeValue>> matching = new ArrayList<>(items.values().stream()
                .filter(item -> item.keySet().containsAll(keys))
                .filter(item -> holds(expression, conjuncts, item, request.expressionAttributeNames(), values))
                .sorted(Comparator.comparing(item -> stands(keys.getLast(), item), Conjunct::compare))
                .toList());
        if (request.hasExclusiveStartKey()) {
            String after = key(request.exclusiveStartKey());
            int at = matching.stream().map(SimulatedTable::key).toList().indexOf(after);
            matching = matching.subList(at + 1, matching.size());
        }
        int most = request.limit() == null ? ITEMS_PER_ANSWER : Math.min(request.limit(), ITEMS_PER_ANSWER);
        List<Map<String, AttributeValue>> answered = matching.subList(0, Math.min(most, matching.size()));
        QueryResponse.Builder response = QueryResponse.builder()
                .items(answered.stream()
                        .map(item -> index == null ? item : projected(item, index))
                        .toList());
        return answered.size() == matching.size()
                ? response.build()
                : response.lastEvaluatedKey(projected(answered.getLast(), Set.of(ItemKeys.PK, ItemKeys.SK)))
                        .build();
    }

    private boolean holds(
            String expression,
            Map<String, AttributeValue> item,
            Map<String, String> names,
            Map<String, AttributeValue> values) {
        return holds(expression, Conjunct.of(expression), item, names, values);
    }

    private boolean holds(
            String expression,
            List<Conjunct> conjuncts,
            Map<String, AttributeValue> item,
            Map<String, String> names,
            Map<String, AttributeValue> values) {
        return conjuncts.stream()
                .allMatch(conjunct -> reading.holds(expression, conjunct, conjunct.holds(item, names, values)));
    }

    private GlobalSecondaryIndex index(String name) {
        return definition.globalSecondaryIndexes().stream()
                .filter(index -> index.indexName().equals(name))
                .findFirst()
                .orElseThrow();
    }

    private Map<String, AttributeValue> projected(Map<String, AttributeValue> item, GlobalSecondaryIndex index) {
        return projected(
                item,
                Stream.of(
                                definition.keySchema().stream().map(KeySchemaElement::attributeName),
                                index.keySchema().stream().map(KeySchemaElement::attributeName),
                                index.projection().nonKeyAttributes().stream())
                        .flatMap(names -> names)
                        .collect(Collectors.toSet()));
    }

    private static Map<String, AttributeValue> projected(Map<String, AttributeValue> item, Set<String> names) {
        Map<String, AttributeValue> projected = new HashMap<>(item);
        projected.keySet().retainAll(names);
        return projected;
    }

    private static ConditionalCheckFailedException refused(
            @Nullable Map<String, AttributeValue> stored, @Nullable ReturnValuesOnConditionCheckFailure returned) {
        ConditionalCheckFailedException.Builder refused = ConditionalCheckFailedException.builder();
        refused.message("The conditional request failed");
        if (stored != null && returned == ReturnValuesOnConditionCheckFailure.ALL_OLD) {
            refused.item(stored);
        }
        return refused.build();
    }

    /** DynamoDB refuses a request that names what no expression uses, or the reverse. */
    private static void placeholdersAreUsed(
            String expressions, Map<String, String> names, Map<String, AttributeValue> values) {
        Set<String> used = PLACEHOLDER
                .matcher(expressions)
                .results()
                .map(MatchResult::group)
                .collect(Collectors.toSet());
        Set<String> given = Stream.of(names.keySet(), values.keySet())
                .flatMap(Collection::stream)
                .collect(Collectors.toSet());
        if (!used.equals(given)) {
            throw new IllegalArgumentException(expressions + " uses " + used + ", and given are " + given);
        }
    }

    private static String key(Map<String, AttributeValue> item) {
        return stands(ItemKeys.PK, item).s() + "\0" + stands(ItemKeys.SK, item).s();
    }

    private static long number(AttributeValue value) {
        return Long.parseLong(value.n());
    }

    @Override
    public String serviceName() {
        return SERVICE_NAME;
    }

    @Override
    public void close() {}
}
