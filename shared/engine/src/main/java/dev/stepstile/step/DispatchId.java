package dev.stepstile.step;

/** Names a dispatch: its run, and its id within the run. */
public record DispatchId(String runId, String dispatchId) {}
