package dev.stepstile.usecase;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.LongAdder;
import java.util.stream.IntStream;

/** How many durations were how long. */
public final class Histogram {
    /** The upper bounds of the buckets, each included: from a step that does nothing to one that waited for days. */
    public static final List<Duration> BOUNDS = List.of(
            Duration.ofMillis(10),
            Duration.ofMillis(50),
            Duration.ofMillis(100),
            Duration.ofMillis(500),
            Duration.ofSeconds(1),
            Duration.ofSeconds(2),
            Duration.ofSeconds(5),
            Duration.ofSeconds(10),
            Duration.ofSeconds(20),
            Duration.ofSeconds(30),
            Duration.ofMinutes(1),
            Duration.ofMinutes(2),
            Duration.ofMinutes(5),
            Duration.ofMinutes(10),
            Duration.ofMinutes(15), // the time limit of a function on AWS
            Duration.ofHours(1),
            Duration.ofHours(6),
            Duration.ofDays(1));

    private final List<LongAdder> buckets = IntStream.rangeClosed(0, BOUNDS.size())
            .mapToObj(_ -> new LongAdder())
            .toList();
    private final LongAdder millis = new LongAdder();

    Histogram() {}

    void record(Duration value) {
        int bucket = 0;
        while (bucket < BOUNDS.size() && value.compareTo(BOUNDS.get(bucket)) > 0) {
            bucket++;
        }
        buckets.get(bucket).increment();
        millis.add(value.toMillis());
    }

    Snapshot snapshot() {
        List<Long> upTo = new ArrayList<>();
        long count = 0;
        for (LongAdder bucket : buckets) {
            count += bucket.sum();
            upTo.add(count);
        }
        return new Snapshot(upTo, Duration.ofMillis(millis.sum()));
    }

    /**
     * What was recorded until now.
     *
     * @param upTo how many were at most as long as each of the {@link #BOUNDS}; the last one, how many there are
     * @param sum of all
     */
    public record Snapshot(List<Long> upTo, Duration sum) {
        public Snapshot {
            upTo = List.copyOf(upTo);
        }

        public long count() {
            return upTo.getLast();
        }
    }
}
