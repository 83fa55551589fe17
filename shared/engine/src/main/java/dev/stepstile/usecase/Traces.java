package dev.stepstile.usecase;

import dev.stepstile.step.Span;

/**
 * Where spans go. A span may be told more than once, by whoever cannot know that another has: then it is the same span.
 * Nothing here throws, and nothing that is stored depends on it.
 */
public interface Traces {
    /** The variable that says where functions send spans, as OpenTelemetry names it; not set: nowhere. */
    String TARGET = "OTEL_EXPORTER_OTLP_ENDPOINT";

    /** Tells nobody: dispatches keep the context that they came with. */
    Traces NONE = new Traces() {
        @Override
        public boolean exported() {
            return false;
        }

        @Override
        public void tell(Span span) {}

        @Override
        public void flush() {}
    };

    /** Whether spans go anywhere. */
    boolean exported();

    /** Takes a span, of a trace that is kept. */
    void tell(Span span);

    /**
     * Sends what was told until now, by whomever, and waits for it, but not for long. To be called before something is
     * forgotten by which others would tell the same again, such as a worker's item.
     */
    void flush();
}
