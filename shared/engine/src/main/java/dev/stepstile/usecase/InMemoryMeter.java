package dev.stepstile.usecase;

import java.time.Duration;
import java.util.EnumMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.LongAdder;

/** Counts, and the newest value of each measure, kept in memory. */
public final class InMemoryMeter implements Meter {
    private final Map<Metric, LongAdder> counts = new EnumMap<>(Metric.class);

    private final Map<Measure, Duration> newest = new ConcurrentHashMap<>();

    public InMemoryMeter() {
        for (Metric count : Metric.values()) {
            counts.put(count, new LongAdder());
        }
    }

    @Override
    public void add(Metric count, long n) {
        adder(count).add(n);
    }

    @Override
    public void measure(Measure measure, Duration value) {
        newest.put(measure, value);
    }

    /** The value that was measured last; empty if none was. */
    public Optional<Duration> newest(Measure measure) {
        return Optional.ofNullable(newest.get(measure));
    }

    public long of(Metric count) {
        return adder(count).sum();
    }

    private LongAdder adder(Metric count) {
        LongAdder adder = counts.get(count);
        if (adder == null) {
            throw new IllegalStateException("every count has its adder");
        }
        return adder;
    }
}
