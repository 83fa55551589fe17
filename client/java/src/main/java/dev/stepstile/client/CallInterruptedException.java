package dev.stepstile.client;

/**
 * The calling thread was interrupted while it waited for an answer or before it tried again; its interrupt flag is set
 * again. Whether the call took effect is not known: made again, it has the same effect as once.
 */
public final class CallInterruptedException extends StepstileException {
    CallInterruptedException(String message, InterruptedException cause) {
        super(message, cause);
    }
}
