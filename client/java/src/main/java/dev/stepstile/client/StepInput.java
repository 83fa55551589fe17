package dev.stepstile.client;

/** The input of a step's newest attempt, or where it is. */
public sealed interface StepInput {
    /** The input itself. */
    record Value(JsonValue json) implements StepInput {}

    /**
     * The answer could not hold the input, which is over 3 MB.
     *
     * @param store {@code PAYLOADS} (the payload bucket; on one machine the payload folder) or {@code TABLE}; there may be
     *     new ones
     * @param key of the object or item in that store
     * @param size bytes of JSON
     * @param sha256 of these bytes, in hex
     */
    record Stored(String store, String key, long size, String sha256) implements StepInput {}

    /** The call does not answer inputs: {@link StepstileClient#stepWithInput} does. */
    record NotIncluded() implements StepInput {}
}
