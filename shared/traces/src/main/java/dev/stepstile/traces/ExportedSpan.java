package dev.stepstile.traces;

import dev.stepstile.step.Span;
import dev.stepstile.step.StepError;
import dev.stepstile.step.TraceParent;
import io.opentelemetry.api.common.Attributes;
import io.opentelemetry.api.common.AttributesBuilder;
import io.opentelemetry.api.trace.SpanContext;
import io.opentelemetry.api.trace.SpanKind;
import io.opentelemetry.api.trace.TraceFlags;
import io.opentelemetry.api.trace.TraceState;
import io.opentelemetry.sdk.common.InstrumentationScopeInfo;
import io.opentelemetry.sdk.resources.Resource;
import io.opentelemetry.sdk.trace.data.EventData;
import io.opentelemetry.sdk.trace.data.LinkData;
import io.opentelemetry.sdk.trace.data.SpanData;
import io.opentelemetry.sdk.trace.data.StatusData;
import java.time.Instant;
import java.util.List;
import java.util.SortedMap;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** A span by OpenTelemetry's semantic conventions for messaging: a dispatch sends, an attempt processes. */
record ExportedSpan(Span span, Resource resource) implements SpanData {
    private static final String SYSTEM = "stepstile";
    private static final InstrumentationScopeInfo SCOPE = InstrumentationScopeInfo.create("dev.stepstile");

    @Override
    public String getName() {
        return switch (span.content()) {
            case Span.Sent _ -> "send " + SYSTEM;
            case Span.Processed processed -> "process " + processed.handler();
        };
    }

    @Override
    public SpanKind getKind() {
        return switch (span.content()) {
            case Span.Sent _ -> SpanKind.PRODUCER;
            case Span.Processed _ -> SpanKind.CONSUMER;
        };
    }

    @Override
    public SpanContext getSpanContext() {
        TraceParent context = span.context();
        return SpanContext.create(context.traceId(), context.spanId(), flags(), TraceState.getDefault());
    }

    private TraceFlags flags() {
        return TraceFlags.fromByte((byte) span.context().flags());
    }

    @Override
    public SpanContext getParentSpanContext() {
        String parent = span.parentId();
        return parent == null
                ? SpanContext.getInvalid()
                : SpanContext.createFromRemoteParent(
                        span.context().traceId(), parent, flags(), TraceState.getDefault());
    }

    @Override
    public StatusData getStatus() {
        return error() == null ? StatusData.unset() : StatusData.error();
    }

    private StepError.@Nullable Kind error() {
        return span.content() instanceof Span.Processed processed ? processed.error() : null;
    }

    @Override
    public long getStartEpochNanos() {
        return nanos(span.startedAt());
    }

    @Override
    public long getEndEpochNanos() {
        return nanos(span.endedAt());
    }

    private static long nanos(Instant at) {
        return TimeUnit.MILLISECONDS.toNanos(at.toEpochMilli());
    }

    @Override
    public Attributes getAttributes() {
        AttributesBuilder attributes =
                Attributes.builder().put("messaging.system", SYSTEM).put("messaging.destination.name", SYSTEM);
        switch (span.content()) {
            case Span.Sent sent -> {
                operation(attributes, "send");
                attributes
                        .put("messaging.batch.message_count", sent.steps())
                        .put("stepstile.run.id", sent.dispatch().runId())
                        .put("stepstile.dispatch.id", sent.dispatch().dispatchId());
                tags(attributes, sent.tags());
            }
            case Span.Processed processed -> {
                operation(attributes, "process");
                attributes
                        .put("stepstile.run.id", processed.step().runId())
                        .put("stepstile.dispatch.id", processed.dispatchId())
                        .put("stepstile.step.key", processed.step().stepKey())
                        .put("stepstile.attempt", processed.attempt())
                        .put("stepstile.handler", processed.handler());
                StepError.Kind error = processed.error();
                if (error != null) {
                    attributes.put("error.type", error.name());
                }
                tags(attributes, processed.tags());
            }
        }
        return attributes.build();
    }

    private static void tags(AttributesBuilder attributes, SortedMap<String, String> tags) {
        tags.forEach((name, value) -> attributes.put("stepstile.tag." + name, value));
    }

    private static void operation(AttributesBuilder attributes, String name) {
        attributes.put("messaging.operation.name", name).put("messaging.operation.type", name);
    }

    @Override
    public List<EventData> getEvents() {
        return List.of();
    }

    /** What processes a message links to what sent it, also where that is its parent. */
    @Override
    public List<LinkData> getLinks() {
        return span.content() instanceof Span.Processed ? List.of(LinkData.create(getParentSpanContext())) : List.of();
    }

    @Override
    public boolean hasEnded() {
        return true;
    }

    @Override
    public int getTotalRecordedEvents() {
        return 0;
    }

    @Override
    public int getTotalRecordedLinks() {
        return getLinks().size();
    }

    @Override
    public int getTotalAttributeCount() {
        return getAttributes().size();
    }

    @Override
    @SuppressWarnings("deprecation") // it has no default yet
    public io.opentelemetry.sdk.common.InstrumentationLibraryInfo getInstrumentationLibraryInfo() {
        return io.opentelemetry.sdk.common.InstrumentationLibraryInfo.create(SCOPE.getName(), SCOPE.getVersion());
    }

    @Override
    public InstrumentationScopeInfo getInstrumentationScopeInfo() {
        return SCOPE;
    }

    @Override
    public Resource getResource() {
        return resource;
    }
}
