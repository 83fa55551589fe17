package dev.stepstile.process;

import dev.stepstile.api.StepContext;
import dev.stepstile.testing.Eventually;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The second attempt of a step, which keeps what is reported to it. */
final class Attempt implements StepContext {
    static final String TRACEPARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    static final Instant DEADLINE = Instant.parse("2026-11-24T08:00:00Z");

    private final List<String> lines = Collections.synchronizedList(new ArrayList<>());
    private final List<String> progress = new ArrayList<>();

    private boolean traced;

    /** The same in a trace. */
    Attempt traced() {
        traced = true;
        return this;
    }

    List<String> lines() {
        return List.copyOf(lines);
    }

    List<String> progress() {
        return progress;
    }

    /** Waits until something was logged that contains this. */
    void awaitLine(String part) throws InterruptedException {
        Eventually.await(this::lines, lines -> lines.stream().anyMatch(line -> line.contains(part)));
    }

    @Override
    public String runId() {
        return "r";
    }

    @Override
    public String stepKey() {
        return "s[1]";
    }

    @Override
    public int attempt() {
        return 2;
    }

    @Override
    public Instant deadline() {
        return DEADLINE;
    }

    @Override
    public Map<String, String> tags() {
        return Map.of("team", "data");
    }

    @Override
    public Optional<String> traceparent() {
        return traced ? Optional.of(TRACEPARENT) : Optional.empty();
    }

    @Override
    public Optional<String> tracestate() {
        return traced ? Optional.of("vendor=a,b=c") : Optional.empty();
    }

    @Override
    public void progress(double fraction, String note) {
        progress.add(fraction + " " + note);
    }

    @Override
    public void log(String line) {
        lines.add(line);
    }

    @Override
    public boolean cancelled() {
        return false;
    }
}
