package dev.stepstile.lambda;

import dev.stepstile.usecase.InMemoryMeter;
import dev.stepstile.usecase.Meter;
import dev.stepstile.usecase.Metric;
import java.util.EnumMap;
import java.util.Map;
import java.util.concurrent.locks.ReentrantLock;
import software.amazon.lambda.powertools.metrics.Metrics;
import software.amazon.lambda.powertools.metrics.MetricsFactory;
import software.amazon.lambda.powertools.metrics.model.MetricUnit;

/**
 * Counts that become CloudWatch metrics: one line in the embedded metric format after each invocation that counted
 * anything, with the names of {@link Metric}.
 */
final class EmfMeter implements Meter {
    private final InMemoryMeter tally = new InMemoryMeter();
    private final Map<Metric, Long> flushed = new EnumMap<>(Metric.class);
    private final ReentrantLock flushing = new ReentrantLock();

    @Override
    public void add(Metric count, long n) {
        tally.add(count, n);
    }

    void flush() {
        flushing.lock();
        try {
            Metrics metrics = MetricsFactory.getMetricsInstance();
            boolean any = false;
            for (Metric count : Metric.values()) {
                long now = tally.of(count);
                long before = flushed.getOrDefault(count, 0L);
                if (now > before) {
                    metrics.addMetric(count.name(), (double) (now - before), MetricUnit.COUNT);
                    flushed.put(count, now);
                    any = true;
                }
            }
            if (any) {
                metrics.flush();
            }
        } finally {
            flushing.unlock();
        }
    }
}
