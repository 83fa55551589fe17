package dev.stepstile.client;

/**
 * The endpoint does not know the caller, or does not allow it this call (401, 403). The same call fails again until the
 * caller's credentials or permissions change; a call with a {@link Signer} was already signed again once.
 */
public final class UnauthorisedException extends StepstileException {
    UnauthorisedException(String message) {
        super(message);
    }

    UnauthorisedException(String message, Throwable cause) {
        super(message, cause);
    }
}
