package dev.stepstile.traces;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.stepstile.api.StepContext;
import dev.stepstile.api.StepHandler;
import dev.stepstile.api.StepInput;
import io.opentelemetry.api.GlobalOpenTelemetry;
import io.opentelemetry.api.OpenTelemetry;
import io.opentelemetry.sdk.trace.SdkTracerProvider;
import io.opentelemetry.sdk.trace.export.SimpleSpanProcessor;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.reflect.Proxy;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
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

    /** Something of which only these methods are called. */
    private static <T> T answering(Class<T> type, Map<String, Object> answers) {
        return type.cast(Proxy.newProxyInstance(type.getClassLoader(), new Class<?>[] {type}, (_, method, _) -> {
            assertThat(answers).containsKey(method.getName());
            return answers.get(method.getName());
        }));
    }

    private static StepContext in(Optional<String> traceparent, Optional<String> tracestate) {
        return answering(StepContext.class, Map.of("traceparent", traceparent, "tracestate", tracestate));
    }

    private static JsonNode span(String line) throws IOException {
        return new ObjectMapper().readTree(line).at("/resourceSpans/0/scopeSpans/0/spans/0");
    }

    @AfterEach
    void forget() {
        GlobalOpenTelemetry.resetForTest();
    }

    @Test
    void are_below_its_attempt_and_in_a_trace_of_their_own_without_one() throws Exception {
        Path file = folder.resolve("spans.jsonl");
        SdkTracerProvider tracers = SdkTracerProvider.builder()
                .addSpanProcessor(SimpleSpanProcessor.create(new JsonLinesExporter(file)))
                .build();
        GlobalOpenTelemetry.set(answering(OpenTelemetry.class, Map.of("getTracerProvider", tracers)));
        StepInput none = answering(StepInput.class, Map.of());
        try (URLClassLoader loader =
                new URLClassLoader(new URL[] {folder.toUri().toURL()})) {
            StepHandler handler = compiled(loader);
            String traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
            handler.run(none, in(Optional.of(traceparent), Optional.of("vendor=1")));
            handler.run(none, in(Optional.empty(), Optional.empty()));
        }
        List<String> made = Files.readAllLines(file);
        assertThat(made).hasSize(2);
        JsonNode below = span(made.getFirst());
        assertThat(below.path("traceId").asText()).isEqualTo("4bf92f3577b34da6a3ce929d0e0e4736");
        assertThat(below.path("parentSpanId").asText()).isEqualTo("00f067aa0ba902b7");
        assertThat(below.path("traceState").asText()).isEqualTo("vendor=1");
        assertThat(span(made.getLast()).path("parentSpanId").asText()).isEmpty();
    }
}
