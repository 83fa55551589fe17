package dev.stepstile.simulation.ports;

import dev.stepstile.port.ByteOrder;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.PriorityQueue;
import java.util.TreeMap;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * A secondary index that follows its table late: usually by milliseconds, sometimes by seconds, each item at its own
 * pace, an item's own changes in their order.
 */
final class LaggingIndex<V> {
    private record Change<V>(
            long at,
            long order,
            String partition,
            String item,
            @Nullable String position,
            @Nullable V value) {}

    private final RandomGenerator random;
    private final PriorityQueue<Change<V>> pending =
            new PriorityQueue<>(Comparator.<Change<V>>comparingLong(Change::at).thenComparingLong(Change::order));
    private final Map<String, Partition<V>> partitions = new HashMap<>();
    private long order;

    private static final class Partition<V> {
        private final NavigableMap<String, V> values = new TreeMap<>(ByteOrder.OF_TEXT);
        private final Map<String, String> positions = new HashMap<>();

        /** When the newest change of an item shows, while it does not. */
        private final Map<String, Long> latest = new HashMap<>();
    }

    LaggingIndex(RandomGenerator random) {
        this.random = random;
    }

    /** Moves an item to a position of its partition, or out of the index if that is null. */
    void change(long now, String partition, String item, @Nullable String position, @Nullable V value) {
        settle(now);
        Map<String, Long> latest = partitions.computeIfAbsent(partition, p -> new Partition<>()).latest;
        long at = now + lag();
        Long before = latest.get(item);
        at = before == null ? at : Math.max(at, before);
        latest.put(item, at);
        pending.add(new Change<>(at, order++, partition, item, position, value));
    }

    private long lag() {
        int dice = random.nextInt(100);
        int most = dice < 90 ? 50 : dice < 99 ? 1_000 : 5_000;
        return random.nextInt(most);
    }

    /** Values of a partition behind a position, by position. */
    List<V> after(long now, String partition, @Nullable String position, int limit) {
        settle(now);
        Partition<V> all = partitions.get(partition);
        List<V> found = new ArrayList<>();
        if (all != null) {
            for (V value : (position == null ? all.values : all.values.tailMap(position, false)).values()) {
                if (found.size() == limit) {
                    break;
                }
                found.add(value);
            }
        }
        return found;
    }

    private void settle(long now) {
        while (!pending.isEmpty() && pending.peek().at() <= now) {
            apply(pending.poll());
        }
    }

    private void apply(Change<V> change) {
        Partition<V> all = partitions.get(change.partition());
        if (all == null) {
            return; // dropped meanwhile
        }
        all.latest.remove(change.item(), change.at());
        String old = all.positions.remove(change.item());
        if (old != null) {
            all.values.remove(old);
        }
        String position = change.position();
        V value = change.value();
        if (position != null && value != null) {
            all.positions.put(change.item(), position);
            all.values.put(position, value);
        }
    }

    /** Forgets a partition, and what was still to show in it. */
    void drop(String partition) {
        partitions.remove(partition);
    }
}
