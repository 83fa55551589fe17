package dev.stepstile.process;

/** A step's process did not do its work; another attempt may. */
public final class ProcessFailed extends Exception {
    ProcessFailed(String message) {
        super(message);
    }
}
