package dev.stepstile.local.isolated;

import com.fasterxml.jackson.databind.JsonNode;
import dev.stepstile.codec.Json;
import dev.stepstile.usecase.Gauge;
import dev.stepstile.usecase.Measure;
import dev.stepstile.usecase.Meter;
import dev.stepstile.usecase.Metric;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.locks.ReentrantLock;

/**
 * What isolated workers print, in one file; and, as CloudWatch does, the values in the lines of the embedded metric
 * format among it. A killed worker takes with it what it counted since the end of its last batch.
 */
public final class WorkerLog implements AutoCloseable {
    private static final String METRICS = "{\"_aws\":";

    private final Writer file;
    private final Meter meter;
    private final ReentrantLock writing = new ReentrantLock();

    public WorkerLog(Path path, Meter meter) {
        this.meter = meter;
        try {
            Files.createDirectories(path.toAbsolutePath().getParent());
            this.file = Files.newBufferedWriter(path);
        } catch (IOException e) {
            throw new UncheckedIOException("The workers' log cannot be written to " + path, e);
        }
    }

    /** Reads what a worker prints until it ends. */
    void follow(long pid, InputStream printed) {
        try (BufferedReader lines = new BufferedReader(new InputStreamReader(printed, StandardCharsets.UTF_8))) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                write(pid, line);
                if (line.startsWith(METRICS)) {
                    count(line);
                }
            }
        } catch (IOException e) {
            // killed: there is no more to read
        }
    }

    private void write(long pid, String line) throws IOException {
        writing.lock();
        try {
            file.write("[" + pid + "] " + line + "\n");
            file.flush();
        } finally {
            writing.unlock();
        }
    }

    private void count(String line) {
        try {
            JsonNode metrics = Json.parse(line);
            for (Metric count : Metric.values()) {
                long n = metrics.path(count.name()).asLong();
                if (n > 0) {
                    meter.add(count, n);
                }
            }
            for (Gauge gauge : Gauge.values()) {
                if (metrics.has(gauge.name())) {
                    meter.set(gauge, metrics.path(gauge.name()).asLong());
                }
            }
            for (Measure measure : Measure.values()) {
                metrics.path(measure.name()).forEach(seconds -> measure(metrics, measure, seconds));
            }
        } catch (Json.BadJson cut) {
            // the worker was killed while it printed
        }
    }

    private void measure(JsonNode metrics, Measure measure, JsonNode seconds) {
        Duration value = Duration.ofMillis(Math.round(seconds.asDouble() * 1000));
        if (metrics.has("Handler")) {
            meter.measure(measure, metrics.path("Handler").asText(), value);
        } else {
            meter.measure(measure, value);
        }
    }

    @Override
    public void close() {
        writing.lock();
        try {
            file.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } finally {
            writing.unlock();
        }
    }
}
