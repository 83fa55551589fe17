package dev.stepstile.cli.api;

/** A deployed stack cannot be read; the message says why, and what to do. */
public final class StackException extends RuntimeException {
    private final boolean reached;

    private StackException(String message, boolean reached) {
        super(message);
        this.reached = reached;
    }

    static StackException notReached(String message) {
        return new StackException(message, false);
    }

    static StackException refused(String message) {
        return new StackException(message, true);
    }

    /** Whether AWS answered and refused, or has no such stack; otherwise it was not reached, or not with these credentials. */
    public boolean reached() {
        return reached;
    }
}
