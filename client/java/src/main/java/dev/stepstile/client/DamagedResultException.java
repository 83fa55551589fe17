package dev.stepstile.client;

/** What arrived is not what the step returned: its digest differs. To be fetched again once. */
public final class DamagedResultException extends StepstileException {
    DamagedResultException(String message) {
        super(message);
    }

    DamagedResultException(String message, IllegalArgumentException cause) {
        super(message, cause);
    }
}
