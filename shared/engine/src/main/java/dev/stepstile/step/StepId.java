package dev.stepstile.step;

/** A step's identity and idempotency key: the orchestrator's run, and the step within it. */
public record StepId(String runId, String stepKey) {
    @Override
    public String toString() {
        return runId + "/" + stepKey;
    }
}
