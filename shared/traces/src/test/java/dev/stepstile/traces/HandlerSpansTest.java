package dev.stepstile.traces;

import static org.assertj.core.api.Assertions.assertThat;

import dev.stepstile.api.StepContext;
import dev.stepstile.api.StepHandler;
import dev.stepstile.api.StepInput;
import io.opentelemetry.api.GlobalOpenTelemetry;
import io.opentelemetry.api.OpenTelemetry;
import io.opentelemetry.sdk.common.CompletableResultCode;
import io.opentelemetry.sdk.trace.SdkTracerProvider;
import io.opentelemetry.sdk.trace.data.SpanData;
import io.opentelemetry.sdk.trace.export.SimpleSpanProcessor;
import io.opentelemetry.sdk.trace.export.SpanExporter;
import java.io.ByteArrayOutputStream;
import java.lang.reflect.Proxy;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The Java handler in {@code docs/process-handlers.md} which goes on with the trace that it is handed. */
class HandlerSpansTest {
    private static final String IMPORTS = """
            import dev.stepstile.api.*;
            import io.opentelemetry.api.GlobalOpenTelemetry;
            import io.opentelemetry.api.trace.Span;
            import io.opentelemetry.api.trace.propagation.W3CTraceContextPropagator;
            import io.opentelemetry.context.*;
            import io.opentelemetry.context.propagation.TextMapGetter;
            import java.util.List;
            """;

    @TempDir
    Path folder;

    private final List<SpanData> made = new ArrayList<>();

    private record Attempt(Optional<String> traceparent, Optional<String> tracestate) implements StepContext {
        @Override
        public String runId() {
            return "nightly";
        }

        @Override
        public String stepKey() {
            return "load";
        }

        @Override
        public int attempt() {
            return 1;
        }

        @Override
        public Instant deadline() {
            return Instant.MAX;
        }

        @Override
        public Map<String, String> tags() {
            return Map.of();
        }

        @Override
        public void progress(double fraction, String note) {}

        @Override
        public void log(String line) {}

        @Override
        public boolean cancelled() {
            return false;
        }
    }

    private final class Kept implements SpanExporter {
        @Override
        public CompletableResultCode export(Collection<SpanData> spans) {
            made.addAll(spans);
            return CompletableResultCode.ofSuccess();
        }

        @Override
        public CompletableResultCode flush() {
            return CompletableResultCode.ofSuccess();
        }

        @Override
        public CompletableResultCode shutdown() {
            return CompletableResultCode.ofSuccess();
        }
    }

    private StepHandler compiled(URLClassLoader loader) throws Exception {
        String page = Files.readString(Path.of("../../docs/process-handlers.md"));
        String example = page.split("```java\n", 2)[1].split("```", 2)[0];
        Path file = Files.writeString(folder.resolve("Resize.java"), IMPORTS + example);
        ByteArrayOutputStream errors = new ByteArrayOutputStream();
        String named = System.getProperty("surefire.test.class.path"); // where the class path is a jar that names it
        String classPath = named == null ? System.getProperty("java.class.path") : named;
        int failed = ToolProvider.getSystemJavaCompiler()
                .run(null, null, errors, "-cp", classPath, "-d", folder.toString(), file.toString());
        assertThat(failed).as(errors.toString(StandardCharsets.UTF_8)).isZero();
        return (StepHandler) loader.loadClass("Resize").getConstructor().newInstance();
    }

    /** Something of which no other method is called. */
    private static <T> T only(Class<T> type, String name, Object answer) {
        return type.cast(Proxy.newProxyInstance(type.getClassLoader(), new Class<?>[] {type}, (_, method, _) -> {
            assertThat(method.getName()).isEqualTo(name);
            return answer;
        }));
    }

    @AfterEach
    void forget() {
        GlobalOpenTelemetry.resetForTest();
    }

    @Test
    void are_below_its_attempt_and_in_a_trace_of_their_own_without_one() throws Exception {
        SdkTracerProvider tracers = SdkTracerProvider.builder()
                .addSpanProcessor(SimpleSpanProcessor.create(new Kept()))
                .build();
        GlobalOpenTelemetry.set(only(OpenTelemetry.class, "getTracerProvider", tracers));
        StepInput none = only(StepInput.class, "json", "null");
        try (URLClassLoader loader =
                new URLClassLoader(new URL[] {folder.toUri().toURL()})) {
            StepHandler handler = compiled(loader);
            String traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
            handler.run(none, new Attempt(Optional.of(traceparent), Optional.of("vendor=1")));
            handler.run(none, new Attempt(Optional.empty(), Optional.empty()));
        }
        assertThat(made)
                .satisfiesExactly(
                        below -> {
                            assertThat(below.getTraceId()).isEqualTo("4bf92f3577b34da6a3ce929d0e0e4736");
                            assertThat(below.getParentSpanId()).isEqualTo("00f067aa0ba902b7");
                            assertThat(below.getSpanContext().getTraceState().asMap())
                                    .isEqualTo(Map.of("vendor", "1"));
                        },
                        alone -> assertThat(alone.getParentSpanContext().isValid())
                                .isFalse());
    }
}
