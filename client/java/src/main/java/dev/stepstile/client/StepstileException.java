package dev.stepstile.client;

/**
 * The base of what a call to Stepstile can end with. Arguments that no call could carry (an endpoint that is no address, an
 * input that is not JSON) are an {@link IllegalArgumentException} instead, before anything is sent.
 */
public abstract sealed class StepstileException extends RuntimeException
        permits CallInterruptedException,
                DamagedResultException,
                RefusedException,
                StepFailedException,
                UnauthorisedException,
                UnreachableException {
    StepstileException(String message) {
        super(message);
    }

    StepstileException(String message, Throwable cause) {
        super(message, cause);
    }
}
