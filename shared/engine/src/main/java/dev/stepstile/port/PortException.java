package dev.stepstile.port;

/**
 * A call of a port failed, or its outcome is unknown: a throttle, a timeout, a lost connection. The
 * write may or may not have happened. Trying again is safe for every call of every port, and right but for
 * {@link DamagedData}.
 */
public sealed class PortException extends RuntimeException permits DamagedData {
    public PortException(String message, Throwable cause) {
        super(message, cause);
    }

    public PortException(String message) {
        super(message);
    }
}
