package dev.stepstile.examples.flights;

import dev.stepstile.api.StepContext;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** The first attempt of a step, which keeps the lines that it logs. */
record OneAttempt(String stepKey, List<String> lines) implements StepContext {
    OneAttempt(String stepKey) {
        this(stepKey, new ArrayList<>());
    }

    @Override
    public String runId() {
        return "year-2013";
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
    public void log(String line) {
        lines.add(line);
    }

    @Override
    public boolean cancelled() {
        return false;
    }
}
