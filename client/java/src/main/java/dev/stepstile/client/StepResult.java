package dev.stepstile.client;

/** The result of a step that succeeded, or where it is. */
public sealed interface StepResult {
    /** The result itself: what the handler returned. */
    record Value(JsonValue json) implements StepResult {}

    /**
     * The answer could not hold the result, which {@link StepstileClient#result} fetches.
     *
     * @param store {@code PAYLOADS} (the payload bucket; on one machine the payload folder) or {@code TABLE}; there may be
     *     new ones
     * @param key of the object or item in that store
     * @param size bytes of JSON
     * @param sha256 of these bytes, in hex
     */
    record Stored(String store, String key, long size, String sha256) implements StepResult {}

    /** The call does not answer results: {@link StepstileClient#step}, {@code lookup} and {@code result} do. */
    record NotIncluded() implements StepResult {}
}
