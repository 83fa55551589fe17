package dev.stepstile.api;

import org.jspecify.annotations.Nullable;

/** Thrown by a handler when retrying is pointless: the step becomes FAILED. */
public final class TerminalFailure extends RuntimeException {
    public TerminalFailure(String message) {
        super(message);
    }

    public TerminalFailure(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}
