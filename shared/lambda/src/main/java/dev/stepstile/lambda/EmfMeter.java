package dev.stepstile.lambda;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.stepstile.codec.Json;
import dev.stepstile.usecase.InMemoryMeter;
import dev.stepstile.usecase.Meter;
import dev.stepstile.usecase.Metric;
import java.time.InstantSource;
import java.util.EnumMap;
import java.util.Map;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Counts that become CloudWatch metrics: one line in the embedded metric format after each invocation that counted
 * anything, with the names of {@link Metric}. Namespace and service are named by the variables that Powertools has for
 * them; its own library, which makes classes into JSON, takes as long to start as ten invocations.
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
 */
final class EmfMeter implements Meter {
    private static final String SERVICE = "Service";

    private final InMemoryMeter tally = new InMemoryMeter();
    private final Map<Metric, Long> flushed = new EnumMap<>(Metric.class);
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
            if (!since.isEmpty()) {
                System.out.println(line(since));
            }
        } finally {
            flushing.unlock();
        }
    }

    private String line(Map<Metric, Long> counts) {
        ObjectNode line = Json.object();
        ObjectNode metadata = line.putObject("_aws");
        metadata.put("Timestamp", clock.millis());
        ObjectNode directive = metadata.putArray("CloudWatchMetrics").addObject();
        directive.put("Namespace", namespace);
        ArrayNode metrics = directive.putArray("Metrics");
        counts.keySet()
                .forEach(count -> metrics.addObject().put("Name", count.name()).put("Unit", "Count"));
        directive.putArray("Dimensions").addArray().add(SERVICE);
        line.put(SERVICE, service);
        counts.forEach((count, n) -> line.put(count.name(), n));
        return Json.print(line);
    }
}
