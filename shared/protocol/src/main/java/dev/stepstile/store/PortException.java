package dev.stepstile.store;

/**
 * A port could not do what was asked, or could not say whether it did: a throttle, a timeout, a lost connection. The
 * write may or may not have happened. Trying again is right, and safe, for every call of every port.
 */
public final class PortException extends RuntimeException {
    public PortException(String message, Throwable cause) {
        super(message, cause);
    }

    public PortException(String message) {
        super(message);
    }
}
