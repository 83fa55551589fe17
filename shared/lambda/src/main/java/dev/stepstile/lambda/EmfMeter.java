package dev.stepstile.lambda;

import dev.stepstile.usecase.Count;
import dev.stepstile.usecase.Meter;
import dev.stepstile.usecase.Tally;
import java.util.EnumMap;
import java.util.Map;
import java.util.concurrent.locks.ReentrantLock;
import software.amazon.lambda.powertools.metrics.Metrics;
import software.amazon.lambda.powertools.metrics.MetricsFactory;
import software.amazon.lambda.powertools.metrics.model.MetricUnit;

/**
 * Counts that become CloudWatch metrics: one line in the embedded metric format after each invocation that counted
 * anything, with the names of {@link Count}.
 */
final class EmfMeter implements Meter {
    private final Tally tally = new Tally();
    private final Map<Count, Long> flushed = new EnumMap<>(Count.class);
    private final ReentrantLock flushing = new ReentrantLock();

    @Override
    public void add(Count count, long n) {
        tally.add(count, n);
    }

    void flush() {
        flushing.lock();
        try {
            Metrics metrics = MetricsFactory.getMetricsInstance();
            boolean any = false;
            for (Count count : Count.values()) {
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
