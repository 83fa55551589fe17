package dev.stepstile.client;

/**
 * No answer, or only answers that mean "again later" (429, 500, 502, 503, 504), for as long as the client was to be patient.
 * The client has tried again already; the same call may be made again at any time, with the same effect as once.
 */
public final class UnreachableException extends StepstileException {
    UnreachableException(String message) {
        super(message);
    }
}
