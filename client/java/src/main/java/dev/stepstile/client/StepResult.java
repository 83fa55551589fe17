package dev.stepstile.client;

/** The result of a step that succeeded, or where it is. */
public sealed interface StepResult {
    /** The result itself: what the handler returned. */
    record Value(JsonValue json) implements StepResult {}

    /**
     * The answer could not hold the result, which {@link StepstileClient#result} fetches.
     *
     * @param location a key of the payload bucket (on one machine a file of the payload folder), or of an item of the table
     * @param size bytes of JSON
     * @param sha256 of these bytes, in hex
     */
    record Stored(String location, long size, String sha256) implements StepResult {}

    /** The call does not answer results: {@link StepstileClient#step}, {@code lookup} and {@code result} do. */
    record NotIncluded() implements StepResult {}
}
