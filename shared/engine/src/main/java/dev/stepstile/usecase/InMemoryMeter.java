package dev.stepstile.usecase;

import java.util.EnumMap;
import java.util.Map;
import java.util.concurrent.atomic.LongAdder;

/** Counts kept in memory. */
public final class InMemoryMeter implements Meter {
    private final Map<Metric, LongAdder> counts = new EnumMap<>(Metric.class);

    public InMemoryMeter() {
        for (Metric count : Metric.values()) {
            counts.put(count, new LongAdder());
        }
    }

    @Override
    public void add(Metric count, long n) {
        adder(count).add(n);
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
