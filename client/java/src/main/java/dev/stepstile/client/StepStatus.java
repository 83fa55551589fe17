package dev.stepstile.client;

/** The name of a state that a step can be in; {@link StepState} has what belongs to each. */
public enum StepStatus {
    /** Handed over, not yet started. */
    QUEUED,
    /** An attempt owns it. */
    RUNNING,
    /** An attempt failed, the next one follows. */
    RETRYING,
    /** It has its one result. */
    SUCCEEDED,
    /** Its handler said that trying again is pointless. */
    FAILED,
    /** Its attempts are used up, or there is nothing to try with; in the dead-letter queue. */
    DEAD,
    /** Its run was cancelled. */
    CANCELLED,
    /** Its record is damaged. */
    UNKNOWN,
    /** One that this version of the client does not know. */
    UNRECOGNISED;

    static StepStatus of(String name) {
        for (StepStatus status : values()) {
            if (status.name().equals(name)) {
                return status;
            }
        }
        return UNRECOGNISED;
    }
}
