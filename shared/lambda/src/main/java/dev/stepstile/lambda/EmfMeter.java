package dev.stepstile.lambda;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.stepstile.codec.Json;
import dev.stepstile.usecase.InMemoryMeter;
import dev.stepstile.usecase.Measure;
import dev.stepstile.usecase.Meter;
import dev.stepstile.usecase.Metric;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Counts and measures that become CloudWatch metrics: a line in the embedded metric format after each invocation that counted or
 * measured anything, with the names of {@link Metric} and {@link Measure}. Namespace and service are named by the variables that Powertools has for
 * them; its own library, which makes classes into JSON, takes as long to start as ten invocations.
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
 */
final class EmfMeter implements Meter {
    private static final String SERVICE = "Service";

    /** What the format takes of one metric in a line. */
    private static final int VALUES = 100;

    private final InMemoryMeter tally = new InMemoryMeter();
    private final Map<Metric, Long> flushed = new EnumMap<>(Metric.class);
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

    private record Measured(Measure measure, Duration value) {}

    @Override
    public void measure(Measure measure, Duration value) {
        measured.add(new Measured(measure, value));
    }

    void flush() {
        flushing.lock();
        try {
            Map<Metric, Long> since = new EnumMap<>(Metric.class);
            for (Metric count : Metric.values()) {
                long now = tally.of(count);
                long before = flushed.getOrDefault(count, 0L);
                if (now > before) {
                    since.put(count, now - before);
                    flushed.put(count, now);
                }
            }
            Map<Measure, List<Duration>> values = takeMeasured();
            if (!since.isEmpty() || !values.isEmpty()) {
                System.out.println(line(since, values));
            }
            for (values = takeMeasured(); !values.isEmpty(); values = takeMeasured()) {
                System.out.println(line(Map.of(), values));
            }
        } finally {
            flushing.unlock();
        }
    }

    /** As many as one line takes. */
    private Map<Measure, List<Duration>> takeMeasured() {
        Map<Measure, List<Duration>> values = new EnumMap<>(Measure.class);
        for (int i = 0; i < VALUES; i++) {
            Measured next = measured.poll();
            if (next == null) {
                break;
            }
            values.computeIfAbsent(next.measure(), _ -> new ArrayList<>()).add(next.value());
        }
        return values;
    }

    private String line(Map<Metric, Long> counts, Map<Measure, List<Duration>> values) {
        ObjectNode line = Json.object();
        ObjectNode metadata = line.putObject("_aws");
        metadata.put("Timestamp", clock.millis());
        ObjectNode directive = metadata.putArray("CloudWatchMetrics").addObject();
        directive.put("Namespace", namespace);
        ArrayNode metrics = directive.putArray("Metrics");
        counts.keySet()
                .forEach(count -> metrics.addObject().put("Name", count.name()).put("Unit", "Count"));
        values.keySet()
                .forEach(measure ->
                        metrics.addObject().put("Name", measure.name()).put("Unit", "Seconds"));
        directive.putArray("Dimensions").addArray().add(SERVICE);
        line.put(SERVICE, service);
        counts.forEach((count, n) -> line.put(count.name(), n));
        values.forEach((measure, durations) -> {
            ArrayNode seconds = line.putArray(measure.name());
            durations.forEach(duration -> seconds.add(duration.toMillis() / 1000.0));
        });
        return Json.print(line);
    }
}
