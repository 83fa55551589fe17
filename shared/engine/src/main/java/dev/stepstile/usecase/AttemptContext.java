package dev.stepstile.usecase;

import dev.stepstile.api.StepContext;
import dev.stepstile.step.StepId;
import dev.stepstile.step.StepState;
import java.time.Instant;
import java.util.Map;
import java.util.SortedMap;

/** What a handler sees of its attempt, and how it reports progress and writes its log. */
final class AttemptContext implements StepContext {
    private final Lease lease;
    private final AttemptLog log;
    private final Instant deadline;
    private final SortedMap<String, String> tags;

    AttemptContext(Lease lease, AttemptLog log, Instant deadline, SortedMap<String, String> tags) {
        this.lease = lease;
        this.log = log;
        this.deadline = deadline;
        this.tags = tags;
    }

    private StepId id() {
        return lease.held().id();
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
        return lease.held().attempt();
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
    public void progress(double fraction, String note) {
        lease.progress(new StepState.Progress(fraction, note));
    }

    @Override
    public void log(String line) {
        log.add(line);
    }

    @Override
    public boolean cancelled() {
        return lease.cancelRequested() || lease.lost();
    }
}
