package dev.stepstile.aws;

import dev.stepstile.port.DamagedData;
import dev.stepstile.step.Payload;
import dev.stepstile.step.StepState;
import java.time.Duration;
import java.time.Instant;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.core.SdkBytes;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;

/** The attributes of one item: instants and durations as milliseconds, payloads packed. */
final class Attributes {
    private final Map<String, AttributeValue> values;

    /** An item to be written. */
    Attributes(String pk, String sk) {
        values = new LinkedHashMap<>();
        put(ItemKeys.PK, pk).put(ItemKeys.SK, sk);
    }

    /** An item, or a map within one, that was read. */
    Attributes(Map<String, AttributeValue> read) {
        values = read;
    }

    Map<String, AttributeValue> values() {
        return values;
    }

    static AttributeValue ofText(String value) {
        return AttributeValue.fromS(value);
    }

    static AttributeValue ofNumber(long value) {
        return AttributeValue.fromN(Long.toString(value));
    }

    static AttributeValue ofBytes(byte[] value) {
        return AttributeValue.fromB(SdkBytes.fromByteArrayUnsafe(value));
    }

    Attributes put(String name, String value) {
        return put(name, ofText(value));
    }

    Attributes put(String name, long value) {
        return put(name, ofNumber(value));
    }

    Attributes put(String name, AttributeValue value) {
        values.put(name, value);
        return this;
    }

    Attributes put(String name, @Nullable Instant value) {
        return value == null ? this : put(name, value.toEpochMilli());
    }

    Attributes put(String name, Duration value) {
        return put(name, value.toMillis());
    }

    Attributes put(String name, SortedMap<StepState.Name, Integer> counts) {
        Map<String, AttributeValue> map = new LinkedHashMap<>();
        counts.forEach((state, count) -> map.put(state.name(), ofNumber(count)));
        return put(name, AttributeValue.fromM(map));
    }

    /** Inline JSON goes to {@code inline}, the name of a payload elsewhere to {@code reference}. */
    Attributes put(String inline, String reference, Payload payload) {
        return switch (payload) {
            case Payload.Inline(String json) -> put(inline, ofBytes(CompactBytes.pack(json)));
            case Payload.Item(String key, long size, String sha256) ->
                put(reference, reference("i", key, size, sha256));
            case Payload.Stored(String key, long size, String sha256) ->
                put(reference, reference("s", key, size, sha256));
        };
    }

    private static AttributeValue reference(String where, String key, long size, String sha256) {
        return AttributeValue.fromM(Map.of(
                where,
                ofText(key),
                "n",
                ofNumber(size),
                "h",
                ofBytes(HexFormat.of().parseHex(sha256))));
    }

    boolean has(String name) {
        return values.containsKey(name);
    }

    String text(String name) {
        String value = member(name).s();
        if (value == null) {
            throw unexpected(name);
        }
        return value;
    }

    long number(String name) {
        return Long.parseLong(digits(name));
    }

    int integer(String name) {
        return Integer.parseInt(digits(name));
    }

    double fraction(String name) {
        return Double.parseDouble(digits(name));
    }

    private String digits(String name) {
        String value = member(name).n();
        if (value == null) {
            throw unexpected(name);
        }
        return value;
    }

    byte[] bytes(String name) {
        SdkBytes value = member(name).b();
        if (value == null) {
            throw unexpected(name);
        }
        return value.asByteArrayUnsafe();
    }

    Instant instant(String name) {
        return Instant.ofEpochMilli(number(name));
    }

    @Nullable
    Instant instantOrNull(String name) {
        return has(name) ? instant(name) : null;
    }

    Duration duration(String name) {
        return Duration.ofMillis(number(name));
    }

    SortedMap<StepState.Name, Integer> counts(String name) {
        SortedMap<StepState.Name, Integer> counts = new TreeMap<>();
        member(name)
                .m()
                .forEach((state, count) -> counts.put(StepState.Name.valueOf(state), Integer.parseInt(count.n())));
        return counts;
    }

    Payload payload(String inline, String reference) {
        if (has(inline)) {
            return new Payload.Inline(CompactBytes.text(bytes(inline)));
        }
        Attributes map = new Attributes(member(reference).m());
        long size = map.number("n");
        String sha256 = HexFormat.of().formatHex(map.bytes("h"));
        return map.has("i")
                ? new Payload.Item(map.text("i"), size, sha256)
                : new Payload.Stored(map.text("s"), size, sha256);
    }

    AttributeValue member(String name) {
        AttributeValue value = values.get(name);
        if (value == null) {
            throw unexpected(name);
        }
        return value;
    }

    private static DamagedData unexpected(String name) {
        return new DamagedData("an item lacks '" + name + "', or its value has another type");
    }
}
