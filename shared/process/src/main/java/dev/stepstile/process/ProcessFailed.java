package dev.stepstile.process;

/** A step's process did not do its work; another attempt may. */
public final class ProcessFailed extends Exception {
    ProcessFailed(String message) {
        super(message, null, false, false); // without the worker's stack trace, which would not help either
    }

    /** The message alone: the name of this class would not help the author of the process. */
    @SuppressWarnings("OverrideThrowableToString") // with getMessage() alone, the name would come first
    @Override
    public String toString() {
        return String.valueOf(getMessage());
    }
}
