package dev.stepstile.local.metrics;

import dev.stepstile.usecase.Gauge;
import dev.stepstile.usecase.Histogram;
import dev.stepstile.usecase.InMemoryMeter;
import dev.stepstile.usecase.Measure;
import dev.stepstile.usecase.Metric;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.OptionalLong;

/**
 * All that a meter holds, in the text that Prometheus scrapes: a counter of each {@link Metric}, a histogram or a gauge of each
 * {@link Measure}, a gauge of each {@link Gauge}. What was never measured has no sample.
 */
public final class MetricsText {

    /** A text format. */
    public enum Format {
        /** https://github.com/prometheus/OpenMetrics/blob/v1.0.0/specification/OpenMetrics.md */
        OPENMETRICS("application/openmetrics-text", "1.0.0"),
        /** https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format */
        PROMETHEUS("text/plain", "0.0.4");

        private final String mediaType;
        private final String version;

        Format(String mediaType, String version) {
            this.mediaType = mediaType;
            this.version = version;
        }

        /** @param accepted media types with their parameters, the one that is liked best first */
        public static Format of(List<String> accepted) {
            for (String type : accepted) {
                String name = type.replaceFirst(";.*", "").strip().toLowerCase(Locale.ROOT);
                if (name.equals(OPENMETRICS.mediaType)) {
                    return OPENMETRICS;
                }
                if (name.equals(PROMETHEUS.mediaType) || name.equals("text/*") || name.equals("*/*")) {
                    return PROMETHEUS;
                }
            }
            return PROMETHEUS;
        }

        public String contentType() {
            return mediaType + "; version=" + version + "; charset=utf-8";
        }
    }

    private static final String PREFIX = "stepstile_";

    private final InMemoryMeter meter;
    private final Format format;
    private final StringBuilder text = new StringBuilder();

    private MetricsText(InMemoryMeter meter, Format format) {
        this.meter = meter;
        this.format = format;
    }

    /** The text as of now. */
    public static String of(InMemoryMeter meter, Format format) {
        return new MetricsText(meter, format).whole();
    }

    private String whole() {
        for (Metric count : Metric.values()) {
            String name = PREFIX + lower(count);
            String sample = name + "_total";
            boolean open = format == Format.OPENMETRICS;
            family(open ? name : sample, "counter", "", count.help());
            sample(sample, "", Long.toString(meter.of(count)));
        }
        for (Measure measure : Measure.values()) {
            measure(PREFIX + lower(measure) + "_seconds", measure);
        }
        for (Gauge gauge : Gauge.values()) {
            String name = PREFIX + lower(gauge);
            family(name, "gauge", "", gauge.help());
            OptionalLong level = meter.of(gauge);
            if (level.isPresent()) {
                sample(name, "", Long.toString(level.getAsLong()));
            }
        }
        family(PREFIX + "audit_failing", "gauge", "", "1 if the newest part of the audit of all runs failed, else 0.");
        sample(PREFIX + "audit_failing", "", meter.isAuditFailing() ? "1" : "0");
        return format == Format.OPENMETRICS ? text.append("# EOF\n").toString() : text.toString();
    }

    private void measure(String name, Measure measure) {
        switch (measure.kind()) {
            case HISTOGRAM -> {
                family(name, "histogram", "seconds", measure.help());
                meter.histograms(measure).forEach((handler, values) -> histogram(name, handler, values));
            }
            case NEWEST -> {
                family(name, "gauge", "seconds", measure.help());
                meter.newest(measure).ifPresent(newest -> sample(name, "", seconds(newest)));
            }
        }
    }

    /** A handler's name needs no escape: letters, digits, dots, dashes and underscores. */
    private void histogram(String name, String handler, Histogram.Snapshot values) {
        String label = handler.isEmpty() ? "" : "handler=\"" + handler + "\"";
        String first = label.isEmpty() ? "" : label + ",";
        for (int i = 0; i < Histogram.BOUNDS.size(); i++) {
            String bound = seconds(Histogram.BOUNDS.get(i));
            sample(
                    name + "_bucket",
                    first + "le=\"" + bound + "\"",
                    values.upTo().get(i).toString());
        }
        String count = Long.toString(values.count());
        sample(name + "_bucket", first + "le=\"+Inf\"", count);
        sample(name + "_sum", label, seconds(values.sum()));
        sample(name + "_count", label, count);
    }

    private void family(String name, String type, String unit, String help) {
        text.append("# HELP ").append(name).append(' ').append(help).append('\n');
        text.append("# TYPE ").append(name).append(' ').append(type).append('\n');
        if (format == Format.OPENMETRICS && !unit.isEmpty()) {
            text.append("# UNIT ").append(name).append(' ').append(unit).append('\n');
        }
    }

    private void sample(String name, String labels, String value) {
        text.append(name);
        if (!labels.isEmpty()) {
            text.append('{').append(labels).append('}');
        }
        text.append(' ').append(value).append('\n');
    }

    private static String seconds(Duration duration) {
        return Double.toString(duration.toMillis() / 1000.0);
    }

    private static String lower(Enum<?> name) {
        return name.name().toLowerCase(Locale.ROOT);
    }
}
