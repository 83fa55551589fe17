package dev.stepstile.usecase;

import dev.stepstile.api.StepContext;
import dev.stepstile.step.StepId;
import dev.stepstile.step.StepState;
import java.time.Instant;
import java.util.Map;
import java.util.SortedMap;

/** What a handler sees of its attempt, and how it reports progress and writes its log. */
final class AttemptContext implements StepContext {
    private final RunningAttempt running;
    private final AttemptLog log;
    private final Instant deadline;
    private final SortedMap<String, String> tags;
    private final String tenant;

    AttemptContext(
            RunningAttempt running, AttemptLog log, Instant deadline, SortedMap<String, String> tags, String tenant) {
        this.running = running;
        this.log = log;
        this.deadline = deadline;
        this.tags = tags;
        this.tenant = tenant;
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
        return tenant;
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
