package dev.stepstile.simulatedaws;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;

/**
 * How large items are and how many units their reads and writes consume, as
 * <a href="https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html">DynamoDB
 * counts</a>.
 */
final class Capacity {
    private static final int READ_BYTES = 4096;
    private static final int WRITE_BYTES = 1024;

    /** Of a list or a map, and of each of its members. */
    private static final int COLLECTION_BYTES = 3;

    /** That each stored item, and each entry of an index, is charged beside its own. */
    private static final int STORED_BYTES = 100;

    private Capacity() {}

    static long size(Map<String, AttributeValue> item) {
        long size = 0;
        for (Map.Entry<String, AttributeValue> attribute : item.entrySet()) {
            size += utf8(attribute.getKey()) + size(attribute.getValue());
        }
        return size;
    }

    private static long size(AttributeValue value) {
        return switch (value.type()) {
            case S -> utf8(value.s());
            case N -> (significantDigits(value.n()) + 1) / 2 + 1;
            case B -> value.b().asByteArrayUnsafe().length;
            case SS -> value.ss().stream().mapToLong(Capacity::utf8).sum();
            case M -> COLLECTION_BYTES + value.m().size() + size(value.m());
            case L ->
                COLLECTION_BYTES
                        + value.l().stream().mapToLong(one -> 1 + size(one)).sum();
            case BOOL, NUL -> 1;
            case NS, BS, UNKNOWN_TO_SDK_VERSION -> throw new IllegalArgumentException("not used here: " + value);
        };
    }

    private static long utf8(String text) {
        return text.getBytes(StandardCharsets.UTF_8).length;
    }

    private static int significantDigits(String number) {
        String digits = number.replaceFirst("^-?0*", "").replaceFirst("0+$", "");
        return digits.length() + (number.startsWith("-") ? 1 : 0);
    }

    /** What an item is charged for as storage. */
    static long stored(Map<String, AttributeValue> item) {
        return size(item) + STORED_BYTES;
    }

    static double toRead(long bytes, @Nullable Boolean consistent) {
        long blocks = Math.max(1, Math.ceilDiv(bytes, READ_BYTES));
        return Boolean.TRUE.equals(consistent) ? blocks : blocks / 2.0;
    }

    static double toWrite(long bytes) {
        return Math.max(1, Math.ceilDiv(bytes, WRITE_BYTES));
    }

    /** Of the table: by the larger of the item before and after. */
    static double toReplace(@Nullable Map<String, AttributeValue> before, Map<String, AttributeValue> after) {
        return toWrite(Math.max(before == null ? 0 : size(before), size(after)));
    }

    /**
     * Of an index: an entry whose key changes is deleted and put.
     *
     * @param keys of the index
     * @param before what it has of the item; null if nothing
     */
    static double toIndex(
            List<String> keys,
            @Nullable Map<String, AttributeValue> before,
            @Nullable Map<String, AttributeValue> after) {
        if (before == null || after == null) {
            Map<String, AttributeValue> one = before == null ? after : before;
            return one == null ? 0 : toWrite(size(one));
        }
        if (before.equals(after)) {
            return 0;
        }
        boolean moved =
                keys.stream().anyMatch(key -> !before.getOrDefault(key, NONE).equals(after.get(key)));
        return moved ? toWrite(size(before)) + toWrite(size(after)) : toWrite(Math.max(size(before), size(after)));
    }

    private static final AttributeValue NONE = AttributeValue.fromNul(true);
}
