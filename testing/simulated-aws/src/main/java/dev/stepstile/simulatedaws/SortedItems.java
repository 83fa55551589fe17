package dev.stepstile.simulatedaws;

import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;
import software.amazon.awssdk.services.dynamodb.model.GlobalSecondaryIndex;
import software.amazon.awssdk.services.dynamodb.model.KeySchemaElement;
import software.amazon.awssdk.services.dynamodb.model.ProjectionType;

/** The table, or one of its indexes: items by partition, in the order of their sort keys. */
final class SortedItems {
    /** Where an item is in its partition; items of an index with equal sort keys are in the order of their own keys. */
    record Place(AttributeValue sort, String key) implements Comparable<Place> {
        /** Behind all items of this sort key. */
        static Place behind(AttributeValue sort) {
            return new Place(sort, String.valueOf(Character.MAX_VALUE));
        }

        @Override
        public int compareTo(Place other) {
            int bySort = Conjunct.compare(sort, other.sort);
            return bySort == 0 ? key.compareTo(other.key) : bySort;
        }
    }

    private final List<String> keys;
    private final List<String> tableKeys;
    private final @Nullable Set<String> projected;
    private final Map<String, NavigableMap<Place, Map<String, AttributeValue>>> partitions = new HashMap<>();

    private SortedItems(List<String> keys, List<String> tableKeys, @Nullable Set<String> projected) {
        this.keys = keys;
        this.tableKeys = tableKeys;
        this.projected = projected;
    }

    static SortedItems table(List<KeySchemaElement> schema) {
        return new SortedItems(names(schema), names(schema), null);
    }

    static SortedItems index(GlobalSecondaryIndex index, List<KeySchemaElement> table) {
        Set<String> projected = new HashSet<>(names(table));
        projected.addAll(names(index.keySchema()));
        projected.addAll(index.projection().nonKeyAttributes());
        boolean all = index.projection().projectionType() == ProjectionType.ALL;
        return new SortedItems(names(index.keySchema()), names(table), all ? null : projected);
    }

    private static List<String> names(List<KeySchemaElement> schema) {
        return schema.stream().map(KeySchemaElement::attributeName).toList();
    }

    List<String> keys() {
        return keys;
    }

    /** The attributes that name a place in a query's answer. */
    Set<String> placeKeys() {
        Set<String> names = new HashSet<>(keys);
        names.addAll(tableKeys);
        return names;
    }

    /** What is stored here of an item; null if it has not all the keys. */
    @Nullable
    Map<String, AttributeValue> entry(@Nullable Map<String, AttributeValue> item) {
        return item == null || !item.keySet().containsAll(keys)
                ? null
                : projected == null ? item : only(item, projected);
    }

    static Map<String, AttributeValue> only(Map<String, AttributeValue> item, Set<String> names) {
        Map<String, AttributeValue> some = new HashMap<>(item);
        some.keySet().retainAll(names);
        return some;
    }

    /** @return what it consumes of an index */
    double replace(@Nullable Map<String, AttributeValue> before, @Nullable Map<String, AttributeValue> after) {
        Map<String, AttributeValue> was = entry(before);
        Map<String, AttributeValue> is = entry(after);
        if (was != null) {
            partition(was).remove(place(was));
        }
        if (is != null) {
            partition(is).put(place(is), is);
        }
        return Capacity.toIndex(keys, was, is);
    }

    @Nullable
    Map<String, AttributeValue> get(Map<String, AttributeValue> key) {
        return partition(key).get(place(key));
    }

    private NavigableMap<Place, Map<String, AttributeValue>> partition(Map<String, AttributeValue> item) {
        return partition(Conjunct.stands(keys.getFirst(), item).s());
    }

    NavigableMap<Place, Map<String, AttributeValue>> partition(String key) {
        return partitions.computeIfAbsent(key, first -> new TreeMap<>());
    }

    /** All items, whatever their partition. */
    Stream<Map.Entry<Place, Map<String, AttributeValue>>> all() {
        return partitions.values().stream()
                .flatMap(partition -> partition.entrySet().stream())
                .sorted(Map.Entry.comparingByKey(Comparator.naturalOrder()));
    }

    long storedBytes() {
        return partitions.values().stream()
                .flatMap(partition -> partition.values().stream())
                .mapToLong(Capacity::stored)
                .sum();
    }

    Place place(Map<String, AttributeValue> item) {
        StringBuilder key = new StringBuilder();
        tableKeys.forEach(name -> key.append(Conjunct.stands(name, item).s()).append('\0'));
        return new Place(Conjunct.stands(keys.getLast(), item), key.toString());
    }
}
