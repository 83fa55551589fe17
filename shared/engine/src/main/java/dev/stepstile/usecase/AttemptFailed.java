package dev.stepstile.usecase;

import dev.stepstile.api.RetryAfter;
import dev.stepstile.api.TerminalFailure;
import dev.stepstile.port.PortException;
import dev.stepstile.step.Limits;
import dev.stepstile.step.StepError;
import dev.stepstile.step.StepEvent.FailureKind;
import java.time.Duration;
import java.util.Collections;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** An attempt ended without a result: what that means for its step, and when to retry if the handler asked for a time. */
public final class AttemptFailed extends Exception {
    private final FailureKind failureKind;
    private final StepError error;
    private final @Nullable Duration retryIn;
    private final List<String> trace;

    public AttemptFailed(FailureKind failureKind, StepError.Kind kind, String message) {
        this(failureKind, new StepError(kind, message), message, null, List.of());
    }

    private AttemptFailed(
            FailureKind failureKind, StepError error, String message, @Nullable Duration retryIn, List<String> trace) {
        super(message);
        this.failureKind = failureKind;
        this.error = error;
        this.retryIn = retryIn;
        this.trace = trace;
    }

    /** What a handler, or the storing of its result, threw. */
    static AttemptFailed of(Throwable thrown) {
        return switch (thrown) {
            case AttemptFailed failed -> failed;
            case TerminalFailure terminal ->
                of(
                        FailureKind.TERMINAL,
                        StepError.Kind.TERMINAL_FAILURE,
                        messageOf(terminal) + FailureText.causedBy(terminal),
                        FailureText.of(terminal).trace());
            case RetryAfter retry ->
                retryAfter(messageOf(retry), Collections.min(List.of(retry.delay(), Limits.RETRY_DELAY)));
            case PortException port -> ofPayloadStore(port);
            default -> {
                FailureText text = FailureText.of(thrown);
                yield of(FailureKind.RETRYABLE, StepError.Kind.HANDLER_FAILED, text.summary(), text.trace());
            }
        };
    }

    static AttemptFailed ofPayloadStore(PortException port) {
        return new AttemptFailed(
                FailureKind.RETRYABLE, StepError.Kind.HANDLER_FAILED, "Payload store: " + messageOf(port));
    }

    static AttemptFailed ofMissing(String what, Payloads.Missing missing) {
        return new AttemptFailed(
                FailureKind.UNRECOVERABLE, StepError.Kind.PAYLOAD_MISSING, what + ": " + messageOf(missing));
    }

    static AttemptFailed ofUnknownHandler(String name, Object known) {
        return new AttemptFailed(
                FailureKind.TERMINAL,
                StepError.Kind.UNKNOWN_HANDLER,
                "No handler is named '" + name + "' on this worker; known: " + known + ".");
    }

    static AttemptFailed ofStoppedWorker() {
        return new AttemptFailed(FailureKind.RETRYABLE, StepError.Kind.TIMEOUT, "The worker was stopped.");
    }

    static AttemptFailed ofCancel() {
        return new AttemptFailed(FailureKind.RETRYABLE, StepError.Kind.CANCELLED, "Cancelled while it ran.");
    }

    static AttemptFailed ofRevokedWorker() {
        return new AttemptFailed(
                FailureKind.RETRYABLE,
                StepError.Kind.WORKER_LOST,
                "Its worker was revoked: it sent no heartbeat for longer than its lease.");
    }

    static AttemptFailed ofTimeout(Duration allowed) {
        return new AttemptFailed(
                FailureKind.RETRYABLE,
                StepError.Kind.TIMEOUT,
                "Timed out after " + allowed.toMillis()
                        + " ms; raise timeoutSeconds (a redrive with overrides) or the function's timeout.");
    }

    private static AttemptFailed of(FailureKind failureKind, StepError.Kind kind, String message, List<String> trace) {
        return new AttemptFailed(failureKind, new StepError(kind, message), message, null, trace);
    }

    private static AttemptFailed retryAfter(String message, Duration delay) {
        StepError error = new StepError(StepError.Kind.HANDLER_FAILED, message);
        return new AttemptFailed(FailureKind.RETRYABLE, error, message, delay, List.of());
    }

    private static String messageOf(Throwable thrown) {
        String message = thrown.getMessage();
        return message == null ? thrown.getClass().getSimpleName() : message;
    }

    public FailureKind failureKind() {
        return failureKind;
    }

    public StepError error() {
        return error;
    }

    /** When to retry, if the handler asked for a time; else the step's retry policy decides. */
    @Nullable
    Duration retryIn() {
        return retryIn;
    }

    /** The stack trace, line by line, for the end of the attempt's log: the record has no room for it. */
    List<String> trace() {
        return trace;
    }
}
