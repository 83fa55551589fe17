package dev.stepstile.traces;

import dev.stepstile.usecase.Traces;
import io.opentelemetry.api.common.Attributes;
import io.opentelemetry.exporter.otlp.http.trace.OtlpHttpSpanExporter;
import io.opentelemetry.exporter.otlp.http.trace.OtlpHttpSpanExporterBuilder;
import io.opentelemetry.sdk.resources.Resource;
import io.opentelemetry.sdk.trace.export.SpanExporter;
import java.net.URI;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.Map;
import java.util.logging.Level;
import java.util.logging.Logger;

/** Where spans can be sent. The only class that others use; it is loaded only where traces are on. */
public final class TraceTargets {
    /** The paths of OTLP over HTTP. */
    private static final String PATH = "/v1/traces";

    /** Would log each span that was not sent, with a stack trace; {@link ExportedTraces} says it in a sentence. */
    private static final Logger LOG_OF_THE_EXPORTER = Logger.getLogger("io.opentelemetry.exporter");

    private TraceTargets() {}

    /**
     * @param target a URL of a collector, to which {@code /v1/traces} is added unless it ends so; or a file
     * @param environment in which {@code OTEL_SERVICE_NAME} and {@code OTEL_EXPORTER_OTLP_HEADERS} are read, as OpenTelemetry
     *     defines them
     * @throws IllegalArgumentException if it is no such thing
     */
    public static Traces of(String target, Map<String, String> environment, InstantSource clock) {
        LOG_OF_THE_EXPORTER.setLevel(Level.OFF);
        boolean url = target.startsWith("http://") || target.startsWith("https://");
        SpanExporter exporter = url ? collector(target, environment) : file(target);
        Resource resource = Resource.create(Attributes.builder()
                .put("service.name", environment.getOrDefault("OTEL_SERVICE_NAME", "stepstile"))
                .build());
        return new ExportedTraces(exporter, resource, url ? URI.create(target).getHost() : target, clock);
    }

    private static SpanExporter file(String target) {
        Path file = Path.of(target).toAbsolutePath();
        Path folder = file.getParent();
        if (Files.isDirectory(file) || folder == null || !Files.isWritable(folder)) {
            throw new IllegalArgumentException(
                    "traces cannot be written to '" + target
                            + "': name a file in a folder that exists, or the URL of a collector such as http://localhost:4318");
        }
        return new JsonLinesExporter(file);
    }

    private static SpanExporter collector(String target, Map<String, String> environment) {
        URI uri = URI.create(target);
        if (uri.getHost() == null || uri.getUserInfo() != null) {
            throw new IllegalArgumentException(
                    "not the URL of a collector: it has a host, and no user; such as http://localhost:4318");
        }
        String base = target.endsWith("/") ? target.substring(0, target.length() - 1) : target;
        OtlpHttpSpanExporterBuilder builder = OtlpHttpSpanExporter.builder()
                .setEndpoint(base.endsWith(PATH) ? base : base + PATH)
                .setTimeout(ExportedTraces.PATIENCE)
                .setConnectTimeout(ExportedTraces.PATIENCE);
        for (String header :
                environment.getOrDefault("OTEL_EXPORTER_OTLP_HEADERS", "").split(",", -1)) {
            int equals = header.indexOf('=');
            if (equals > 0) {
                String value = header.substring(equals + 1).strip().replace("+", "%2B");
                builder.addHeader(
                        header.substring(0, equals).strip(), URLDecoder.decode(value, StandardCharsets.UTF_8));
            }
        }
        return builder.build();
    }
}
