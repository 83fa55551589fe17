package dev.stepstile.simulatedaws;

import static dev.stepstile.simulatedaws.Conjunct.stands;

import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Set;
import java.util.SortedMap;
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
import software.amazon.awssdk.services.dynamodb.model.ConsumedCapacity;
import software.amazon.awssdk.services.dynamodb.model.CreateTableRequest;
import software.amazon.awssdk.services.dynamodb.model.DeleteItemRequest;
import software.amazon.awssdk.services.dynamodb.model.DeleteItemResponse;
import software.amazon.awssdk.services.dynamodb.model.GetItemRequest;
import software.amazon.awssdk.services.dynamodb.model.GetItemResponse;
import software.amazon.awssdk.services.dynamodb.model.KeysAndAttributes;
import software.amazon.awssdk.services.dynamodb.model.PutItemRequest;
import software.amazon.awssdk.services.dynamodb.model.PutItemResponse;
import software.amazon.awssdk.services.dynamodb.model.QueryRequest;
import software.amazon.awssdk.services.dynamodb.model.QueryResponse;
import software.amazon.awssdk.services.dynamodb.model.ReturnValuesOnConditionCheckFailure;
import software.amazon.awssdk.services.dynamodb.model.UpdateItemRequest;
import software.amazon.awssdk.services.dynamodb.model.UpdateItemResponse;

/**
 * DynamoDB in memory, behind the SDK's own client: it evaluates the expressions that the adapter sends, so that one of
 * them can be changed and nothing else, and reports what each call consumes. Indexes do not lag.
 */
public final class SimulatedTable implements DynamoDbClient {
    private static final int BYTES_PER_ANSWER = 1024 * 1024;
    private static final Pattern UPDATE =
            Pattern.compile("(?:SET (\\S+ = \\S+(?:, \\S+ = \\S+)*))? ?(?:ADD (#\\w+) (:\\w+))?");
    private static final Pattern PLACEHOLDER = Pattern.compile("[#:]\\w+");

    /** What the table makes of a condition's conjuncts. */
    public interface Reading {
        Reading AS_WRITTEN = (expression, conjunct, holds) -> holds;

        /** @param holds whether the conjunct holds, as it is written */
        boolean holds(String expression, Conjunct conjunct, boolean holds);
    }

    private final Reading reading;
    private final int itemsPerAnswer;
    private final SortedItems items;
    private final SortedMap<String, SortedItems> indexes = new TreeMap<>();

    /** As DynamoDB is: an answer ends at 1 MB. */
    public SimulatedTable(CreateTableRequest definition) {
        this(definition, Reading.AS_WRITTEN, Integer.MAX_VALUE);
    }

    /** @param itemsPerAnswer a query's answer ends after so many items, as DynamoDB's does at 1 MB */
    public SimulatedTable(CreateTableRequest definition, Reading reading, int itemsPerAnswer) {
        this.reading = reading;
        this.itemsPerAnswer = itemsPerAnswer;
        this.items = SortedItems.table(definition.keySchema());
        definition
                .globalSecondaryIndexes()
                .forEach(index -> indexes.put(index.indexName(), SortedItems.index(index, definition.keySchema())));
    }

    /** What the table's items take, without its indexes. */
    public synchronized long tableBytes() {
        return items.storedBytes();
    }

    /** What the entries of all indexes take. */
    public synchronized long indexBytes() {
        return indexes.values().stream().mapToLong(SortedItems::storedBytes).sum();
    }

    @Override
    public synchronized PutItemResponse putItem(PutItemRequest request) {
        Map<String, AttributeValue> stored = items.get(request.item());
        if (request.conditionExpression() != null) {
            check(
                    stored,
                    request.conditionExpression(),
                    request.conditionExpression(),
                    new Placeholders(request.expressionAttributeNames(), request.expressionAttributeValues()),
                    request.returnValuesOnConditionCheckFailure());
        }
        return PutItemResponse.builder()
                .consumedCapacity(replace(stored, Map.copyOf(request.item())))
                .build();
    }

    @Override
    public synchronized UpdateItemResponse updateItem(UpdateItemRequest request) {
        Map<String, AttributeValue> stored = items.get(request.key());
        Map<String, String> names = request.expressionAttributeNames();
        Map<String, AttributeValue> values = request.expressionAttributeValues();
        check(
                stored,
                request.conditionExpression(),
                request.conditionExpression() + " " + request.updateExpression(),
                new Placeholders(names, values),
                request.returnValuesOnConditionCheckFailure());
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
        return UpdateItemResponse.builder()
                .attributes(next)
                .consumedCapacity(replace(stored, Map.copyOf(next)))
                .build();
    }

    /** Numbers are added up, and sets are united. */
    private static AttributeValue added(AttributeValue was, AttributeValue more) {
        return was.hasSs()
                ? AttributeValue.fromSs(Stream.of(was.ss(), more.ss())
                        .flatMap(List::stream)
                        .distinct()
                        .toList())
                : AttributeValue.fromN(Long.toString(Long.parseLong(was.n()) + Long.parseLong(more.n())));
    }

    @Override
    public synchronized DeleteItemResponse deleteItem(DeleteItemRequest request) {
        Map<String, AttributeValue> stored = items.get(request.key());
        check(
                stored,
                request.conditionExpression(),
                request.conditionExpression(),
                new Placeholders(request.expressionAttributeNames(), request.expressionAttributeValues()),
                request.returnValuesOnConditionCheckFailure());
        return DeleteItemResponse.builder()
                .consumedCapacity(replace(stored, null))
                .build();
    }

    private ConsumedCapacity replace(
            @Nullable Map<String, AttributeValue> before, @Nullable Map<String, AttributeValue> after) {
        items.replace(before, after);
        double ofTable = Capacity.toReplace(before, after == null ? Map.of() : after);
        double all = ofTable;
        Map<String, software.amazon.awssdk.services.dynamodb.model.Capacity> ofIndexes = new HashMap<>();
        for (Map.Entry<String, SortedItems> index : indexes.entrySet()) {
            double units = index.getValue().replace(before, after);
            if (units > 0) {
                ofIndexes.put(index.getKey(), units(units));
                all += units;
            }
        }
        return ConsumedCapacity.builder()
                .capacityUnits(all)
                .table(units(ofTable))
                .globalSecondaryIndexes(ofIndexes)
                .build();
    }

    private static software.amazon.awssdk.services.dynamodb.model.Capacity units(double units) {
        return software.amazon.awssdk.services.dynamodb.model.Capacity.builder()
                .capacityUnits(units)
                .build();
    }

    private static ConsumedCapacity read(double units) {
        return ConsumedCapacity.builder().capacityUnits(units).build();
    }

    @Override
    public synchronized GetItemResponse getItem(GetItemRequest request) {
        Map<String, AttributeValue> stored = items.get(request.key());
        GetItemResponse.Builder response = GetItemResponse.builder()
                .consumedCapacity(
                        read(Capacity.toRead(stored == null ? 0 : Capacity.size(stored), request.consistentRead())));
        if (stored == null) {
            return response.build();
        }
        String projection = request.projectionExpression();
        return response.item(projection == null ? stored : SortedItems.only(stored, Set.of(projection)))
                .build();
    }

    @Override
    public synchronized BatchGetItemResponse batchGetItem(BatchGetItemRequest request) {
        Map<String, List<Map<String, AttributeValue>>> found = new HashMap<>();
        double units = 0;
        for (Map.Entry<String, KeysAndAttributes> table : request.requestItems().entrySet()) {
            List<Map<String, AttributeValue>> stored = new ArrayList<>();
            for (Map<String, AttributeValue> key : table.getValue().keys()) {
                Map<String, AttributeValue> item = items.get(key);
                units += Capacity.toRead(
                        item == null ? 0 : Capacity.size(item), table.getValue().consistentRead());
                if (item != null) {
                    stored.add(item);
                }
            }
            found.put(table.getKey(), stored);
        }
        return BatchGetItemResponse.builder()
                .responses(found)
                .unprocessedKeys(Map.of())
                .consumedCapacity(read(units))
                .build();
    }

    @Override
    public synchronized QueryResponse query(QueryRequest request) {
        SortedItems from = request.indexName() == null ? items : stands(request.indexName(), indexes);
        int most = request.limit() == null ? itemsPerAnswer : Math.min(request.limit(), itemsPerAnswer);
        List<Map<String, AttributeValue>> answered = new ArrayList<>();
        long bytes = 0;
        boolean more = false;
        for (Map<String, AttributeValue> item : matching(from, request)) {
            more = answered.size() == most || bytes > BYTES_PER_ANSWER;
            if (more) {
                break;
            }
            answered.add(item);
            bytes += Capacity.size(item);
        }
        QueryResponse.Builder response = QueryResponse.builder()
                .items(answered)
                .consumedCapacity(read(Capacity.toRead(bytes, request.consistentRead())));
        return more
                ? response.lastEvaluatedKey(SortedItems.only(answered.getLast(), from.placeKeys()))
                        .build()
                : response.build();
    }

    /** The items that a query finds, in their order; each is looked at when it is asked for. */
    private Iterable<Map<String, AttributeValue>> matching(SortedItems from, QueryRequest request) {
        String expression = request.keyConditionExpression();
        Placeholders given = new Placeholders(request.expressionAttributeNames(), request.expressionAttributeValues());
        given.areUsedBy(expression);
        List<Conjunct> conjuncts = Conjunct.of(expression);
        SortedItems.Place start = request.hasExclusiveStartKey() ? from.place(request.exclusiveStartKey()) : null;
        if (!reading.equals(Reading.AS_WRITTEN)) { // a changed condition may concern any partition
            return () -> from.all()
                    .filter(entry -> start == null || entry.getKey().compareTo(start) > 0)
                    .map(Map.Entry::getValue)
                    .filter(item -> holds(expression, conjuncts, item, given))
                    .iterator();
        }
        NavigableMap<SortedItems.Place, Map<String, AttributeValue>> range = partition(from, conjuncts, given);
        return () -> (start == null ? range : range.tailMap(start, false))
                .values().stream()
                        .takeWhile(item -> holds(expression, conjuncts, item, given))
                        .iterator();
    }

    /** A partition from the first item on that a query may find: those that it finds follow each other. */
    private static NavigableMap<SortedItems.Place, Map<String, AttributeValue>> partition(
            SortedItems from, List<Conjunct> conjuncts, Placeholders given) {
        Conjunct hash = conjuncts.getFirst();
        if (!hash.attribute().equals(from.keys().getFirst())) {
            throw new IllegalArgumentException("a query begins with its partition: " + hash.text());
        }
        NavigableMap<SortedItems.Place, Map<String, AttributeValue>> all =
                from.partition(stands(hash.value(), given.values()).s());
        if (conjuncts.size() == 1) {
            return all;
        }
        AttributeValue bound = stands(conjuncts.get(1).value(), given.values());
        return switch (conjuncts.get(1).test()) {
            case MORE -> all.tailMap(SortedItems.Place.behind(bound), false);
            case BEGINS_WITH -> all.tailMap(new SortedItems.Place(bound, ""), true);
            case AT_MOST -> all;
            case EQUAL, EXISTS, NOT_EXISTS ->
                throw new IllegalArgumentException("no query that is known here: " + conjuncts);
        };
    }

    /** What an expression's placeholders stand for. */
    private record Placeholders(Map<String, String> names, Map<String, AttributeValue> values) {
        /** DynamoDB refuses a request that names what no expression uses, or the reverse. */
        void areUsedBy(String expressions) {
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
    }

    private void check(
            @Nullable Map<String, AttributeValue> stored,
            String condition,
            String expressions,
            Placeholders given,
            @Nullable ReturnValuesOnConditionCheckFailure returned) {
        given.areUsedBy(expressions);
        if (!holds(condition, Conjunct.of(condition), stored == null ? Map.of() : stored, given)) {
            ConditionalCheckFailedException.Builder refused = ConditionalCheckFailedException.builder();
            refused.message("The conditional request failed");
            if (stored != null && returned == ReturnValuesOnConditionCheckFailure.ALL_OLD) {
                refused.item(stored);
            }
            throw refused.build();
        }
    }

    private boolean holds(
            String expression, List<Conjunct> conjuncts, Map<String, AttributeValue> item, Placeholders given) {
        return conjuncts.stream()
                .allMatch(conjunct ->
                        reading.holds(expression, conjunct, conjunct.holds(item, given.names(), given.values())));
    }

    @Override
    public String serviceName() {
        return SERVICE_NAME;
    }

    @Override
    public void close() {}
}
