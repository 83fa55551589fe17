package dev.stepstile.usecase;

import java.time.Duration;
import java.util.Collections;
import java.util.EnumMap;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.LongAdder;

/** Counts, the newest value of each measure and gauge, and histograms, kept in memory. */
public final class InMemoryMeter implements Meter {
    /** Of a measure that is not kept by handler. */
    private static final String ALL = "";

    private final Map<Metric, LongAdder> counts = new EnumMap<>(Metric.class);
    private final AtomicBoolean auditFailing = new AtomicBoolean();
    private final Map<Measure, Duration> newest = new ConcurrentHashMap<>();
    private final Map<Gauge, Long> gauges = new ConcurrentHashMap<>();
    private final Map<Series, Histogram> histograms = new ConcurrentHashMap<>();

    private record Series(Measure measure, String handler) {}

    public InMemoryMeter() {
        for (Metric count : Metric.values()) {
            counts.put(count, new LongAdder());
        }
    }

    @Override
    public void add(Metric count, long n) {
        adder(count).add(n);
        if (count == Metric.AUDITS_FAILED || count == Metric.AUDITS_COMPLETED) {
            auditFailing.set(count == Metric.AUDITS_FAILED);
        }
    }

    /** Whether the newest part of the audit of all runs failed. */
    public boolean isAuditFailing() {
        return auditFailing.get();
    }

    @Override
    public void measure(Measure measure, Duration value) {
        measure(measure, ALL, value);
    }

    @Override
    public void measure(Measure measure, String handler, Duration value) {
        newest.put(measure, value);
        if (measure.kind() == Measure.Kind.HISTOGRAM) {
            histograms
                    .computeIfAbsent(new Series(measure, handler), _ -> new Histogram())
                    .record(value);
        }
    }

    @Override
    public void set(Gauge gauge, long value) {
        gauges.put(gauge, value);
    }

    /** The value that was measured last; empty if none was. */
    public Optional<Duration> newest(Measure measure) {
        return Optional.ofNullable(newest.get(measure));
    }

    /** Empty before the first sweep. */
    public OptionalLong of(Gauge gauge) {
        Long value = gauges.get(gauge);
        return value == null ? OptionalLong.empty() : OptionalLong.of(value);
    }

    /** What was measured, by handler; under the empty name if the measure is not kept by handler. */
    public SortedMap<String, Histogram.Snapshot> histograms(Measure measure) {
        SortedMap<String, Histogram.Snapshot> byHandler = new TreeMap<>();
        histograms.forEach((series, histogram) -> {
            if (series.measure() == measure) {
                byHandler.put(series.handler(), histogram.snapshot());
            }
        });
        return Collections.unmodifiableSortedMap(byHandler);
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
