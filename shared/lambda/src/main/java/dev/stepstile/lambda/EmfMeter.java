package dev.stepstile.lambda;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.stepstile.codec.Json;
import dev.stepstile.usecase.Gauge;
import dev.stepstile.usecase.InMemoryMeter;
import dev.stepstile.usecase.Measure;
import dev.stepstile.usecase.Meter;
import dev.stepstile.usecase.Metric;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Counts and measures that become CloudWatch metrics: a line in the embedded metric format after each invocation that counted or
 * measured anything, and one for each handler that ran, with the names of {@link Metric}, {@link Measure} and {@link Gauge}.
 * Namespace and service are named by the variables that Powertools has for them; its own library, which makes classes into JSON,
 * takes as long to start as ten invocations.
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
 */
final class EmfMeter implements Meter {
    private static final String SERVICE = "Service";
    private static final String HANDLER = "Handler";

    /** Of values that are not kept by handler. */
    private static final String ALL = "";

    /** What the format takes of one metric in a line. */
    private static final int VALUES = 100;

    private final InMemoryMeter tally = new InMemoryMeter();
    private final Map<Metric, Long> flushed = new EnumMap<>(Metric.class);
    private final Map<Gauge, Long> gauges = new ConcurrentHashMap<>();
    private final Queue<Measured> measured = new ConcurrentLinkedQueue<>();
    private final ReentrantLock flushing = new ReentrantLock();
    private final InstantSource clock;
    private final String namespace;
    private final String service;

    /** @param environment of the function */
    EmfMeter(InstantSource clock, Map<String, String> environment) {
        this.clock = clock;
        this.namespace = environment.getOrDefault("POWERTOOLS_METRICS_NAMESPACE", "Stepstile");
        this.service = environment.getOrDefault("POWERTOOLS_SERVICE_NAME", "stepstile");
    }

    @Override
    public void add(Metric count, long n) {
        tally.add(count, n);
    }

    private record Measured(String handler, Measure measure, Duration value) {}

    @Override
    public void measure(Measure measure, Duration value) {
        measure(measure, ALL, value);
    }

    @Override
    public void measure(Measure measure, String handler, Duration value) {
        measured.add(new Measured(handler, measure, value));
    }

    @Override
    public void set(Gauge gauge, long value) {
        gauges.put(gauge, value);
    }

    void flush() {
        flushing.lock();
        try {
            Map<String, Long> counts = takeCounts();
            SortedMap<String, Map<Measure, List<Duration>>> values = takeMeasured();
            if (!counts.isEmpty()) {
                values.putIfAbsent(ALL, Map.of());
            }
            while (!values.isEmpty()) {
                for (Map.Entry<String, Map<Measure, List<Duration>>> each : values.entrySet()) {
                    System.out.println(line(each.getKey(), counts, each.getValue()));
                    counts = Map.of(); // they are in the first line, which is of no handler
                }
                values = takeMeasured();
            }
        } finally {
            flushing.unlock();
        }
    }

    /** What was counted since the last time, and the gauges that were set. */
    private Map<String, Long> takeCounts() {
        Map<String, Long> counts = new LinkedHashMap<>();
        for (Metric count : Metric.values()) {
            long now = tally.of(count);
            long before = flushed.getOrDefault(count, 0L);
            if (now > before) {
                counts.put(count.name(), now - before);
                flushed.put(count, now);
            }
        }
        for (Gauge gauge : Gauge.values()) {
            Long level = gauges.remove(gauge);
            if (level != null) {
                counts.put(gauge.name(), level);
            }
        }
        return counts;
    }

    /** As many as one line takes, by handler. */
    private SortedMap<String, Map<Measure, List<Duration>>> takeMeasured() {
        SortedMap<String, Map<Measure, List<Duration>>> values = new TreeMap<>();
        for (int i = 0; i < VALUES; i++) {
            Measured next = measured.poll();
            if (next == null) {
                break;
            }
            values.computeIfAbsent(next.handler(), _ -> new EnumMap<>(Measure.class))
                    .computeIfAbsent(next.measure(), _ -> new ArrayList<>())
                    .add(next.value());
        }
        return values;
    }

    private String line(String handler, Map<String, Long> counts, Map<Measure, List<Duration>> values) {
        ObjectNode line = Json.object();
        ObjectNode metadata = line.putObject("_aws");
        metadata.put("Timestamp", clock.millis());
        ObjectNode directive = metadata.putArray("CloudWatchMetrics").addObject();
        directive.put("Namespace", namespace);
        ArrayNode metrics = directive.putArray("Metrics");
        counts.keySet().forEach(name -> metrics.addObject().put("Name", name).put("Unit", "Count"));
        values.keySet()
                .forEach(measure ->
                        metrics.addObject().put("Name", measure.name()).put("Unit", "Seconds"));
        ArrayNode dimensions = directive.putArray("Dimensions").addArray().add(SERVICE);
        line.put(SERVICE, service);
        if (!handler.equals(ALL)) {
            dimensions.add(HANDLER);
            line.put(HANDLER, handler);
        }
        counts.forEach(line::put);
        values.forEach((measure, durations) -> {
            ArrayNode seconds = line.putArray(measure.name());
            durations.forEach(duration -> seconds.add(duration.toMillis() / 1000.0));
        });
        return Json.print(line);
    }
}
