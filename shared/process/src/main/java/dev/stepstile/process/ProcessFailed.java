package dev.stepstile.process;

/** A step's process did not do its work; another attempt may. */
public final class ProcessFailed extends Exception {
    ProcessFailed(String message) {
        super(message, null, false, false); // where the worker noticed it says nothing either
    }

    /** The message alone: the name of this class says nothing to whoever wrote the process. */
    @SuppressWarnings("OverrideThrowableToString") // with getMessage() alone, the name would come first
    @Override
    public String toString() {
        return String.valueOf(getMessage());
    }
}
