package dev.stepstile.usecase;

import dev.stepstile.api.StepContext;
import dev.stepstile.step.StepId;
import dev.stepstile.step.StepSpec;
import dev.stepstile.step.StepState;
import dev.stepstile.step.TraceParent;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;

/** What a handler sees of its attempt, and how it reports progress and writes its log. */
final class AttemptContext implements StepContext {
    private final RunningAttempt running;
    private final AttemptLog log;
    private final Instant deadline;
    private final SortedMap<String, String> tags;
    private final StepSpec spec;
    private final boolean spansExported;

    AttemptContext(
            RunningAttempt running,
            AttemptLog log,
            Instant deadline,
            SortedMap<String, String> tags,
            StepSpec spec,
            boolean spansExported) {
        this.running = running;
        this.log = log;
        this.deadline = deadline;
        this.tags = tags;
        this.spec = spec;
        this.spansExported = spansExported;
    }

    private StepId id() {
        return running.held().id();
    }

    @Override
    public String runId() {
        return id().runId();
    }

    @Override
    public String stepKey() {
        return id().stepKey();
    }

    @Override
    public int attempt() {
        return running.held().attempt();
    }

    @Override
    public Instant deadline() {
        return deadline;
    }

    @Override
    public Map<String, String> tags() {
        return tags;
    }

    @Override
    public String tenant() {
        return spec.tenant();
    }

    @Override
    public Optional<String> traceparent() {
        return Optional.ofNullable(running.held().settings().trace())
                .map(trace -> spansExported ? trace.ofAttempt(id(), attempt()) : trace)
                .map(TraceParent::text);
    }

    @Override
    public Optional<String> tracestate() {
        return traceparent().map(_ -> spec.tracestate());
    }

    @Override
    public void progress(double fraction, String note) {
        running.progress(new StepState.Progress(fraction, note));
    }

    @Override
    public void log(String line) {
        log.add(line);
    }

    @Override
    public boolean cancelled() {
        return running.cancelRequested() || running.lost();
    }
}
