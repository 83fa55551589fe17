package dev.stepstile.traces;

import dev.stepstile.step.Span;
import dev.stepstile.usecase.Traces;
import io.opentelemetry.sdk.resources.Resource;
import io.opentelemetry.sdk.trace.data.SpanData;
import io.opentelemetry.sdk.trace.export.SpanExporter;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Spans in OpenTelemetry's form, sent by one of its exporters. What cannot be sent in time is dropped, and logged once a
 * minute at most: no step waits for a collector for longer than {@link #PATIENCE}.
 */
final class ExportedTraces implements Traces {
    static final Duration PATIENCE = Duration.ofSeconds(2);

    /** A flush follows each batch of ten steps, and each part of a sweep. */
    private static final int MOST = 20_000;

    private static final Duration WARN_EVERY = Duration.ofMinutes(1);
    private static final Logger LOG = LoggerFactory.getLogger(ExportedTraces.class);

    private final SpanExporter exporter;
    private final Resource resource;
    private final String target;
    private final InstantSource clock;

    /** Who flushes also waits for what another is sending, as that may have been told by it. */
    private final ReentrantLock sending = new ReentrantLock();

    private final ReentrantLock telling = new ReentrantLock();
    private List<SpanData> told = new ArrayList<>();
    private long dropped;
    private Instant warnedAt = Instant.MIN;

    /** @param target as a log may show it */
    ExportedTraces(SpanExporter exporter, Resource resource, String target, InstantSource clock) {
        this.exporter = exporter;
        this.resource = resource;
        this.target = target;
        this.clock = clock;
    }

    @Override
    public boolean exported() {
        return true;
    }

    @Override
    public void tell(Span span) {
        telling.lock();
        try {
            if (told.size() < MOST) {
                told.add(new ExportedSpan(span, resource));
            } else {
                dropped++;
            }
        } finally {
            telling.unlock();
        }
    }

    @Override
    public void flush() {
        sending.lock();
        try {
            List<SpanData> batch = take();
            if (!batch.isEmpty() && !sent(batch)) {
                dropped += batch.size();
            }
            warn();
        } finally {
            sending.unlock();
        }
    }

    private List<SpanData> take() {
        telling.lock();
        try {
            List<SpanData> taken = told;
            told = new ArrayList<>();
            return taken;
        } finally {
            telling.unlock();
        }
    }

    private boolean sent(List<SpanData> batch) {
        try {
            return exporter.export(batch)
                    .join(PATIENCE.toMillis(), TimeUnit.MILLISECONDS)
                    .isSuccess();
        } catch (RuntimeException e) { // whatever an exporter throws, the steps are recorded
            LOG.debug("Spans were not sent.", e);
            return false;
        }
    }

    private void warn() {
        Instant now = clock.instant();
        if (dropped > 0 && now.isAfter(warnedAt.equals(Instant.MIN) ? warnedAt : warnedAt.plus(WARN_EVERY))) {
            LOG.warn(
                    "{} spans were dropped: {} did not take them within {} s. Steps are not affected; see whether it is"
                            + " reachable.",
                    dropped,
                    target,
                    PATIENCE.toSeconds());
            dropped = 0;
            warnedAt = now;
        }
    }
}
