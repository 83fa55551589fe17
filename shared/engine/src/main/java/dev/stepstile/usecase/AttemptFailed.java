package dev.stepstile.usecase;

import dev.stepstile.api.RetryAfter;
import dev.stepstile.api.TerminalFailure;
import dev.stepstile.port.PortException;
import dev.stepstile.step.Limits;
import dev.stepstile.step.StepError;
import dev.stepstile.step.StepEvent.Cause;
import dev.stepstile.step.StepEvent.FailureKind;
import java.time.Duration;
import java.time.Instant;
import java.util.Collections;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** An attempt ended without a result: what that means for its step, and when to retry if the handler asked for a time. */
public final class AttemptFailed extends Exception {
    private final Cause cause;
    private final @Nullable Duration retryIn;
    private final List<String> trace;

    public AttemptFailed(FailureKind failureKind, StepError.Kind kind, String message) {
        this(new Cause(failureKind, new StepError(kind, message)), message, null, List.of());
    }

    private AttemptFailed(Cause cause, String message, @Nullable Duration retryIn, List<String> trace) {
        super(message);
        this.cause = cause;
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
                        new StepError(
                                StepError.Kind.TERMINAL_FAILURE, messageOf(terminal) + FailureText.causedBy(terminal)),
                        terminal);
            case RetryAfter retry -> retryAfter(retry);
            case PortException port -> ofPayloadStore(port);
            default -> {
                String summary = FailureText.of(thrown).summary();
                yield of(FailureKind.RETRYABLE, new StepError(StepError.Kind.HANDLER_FAILED, summary), thrown);
            }
        };
    }

    static AttemptFailed ofPayloadStore(PortException port) {
        return new AttemptFailed(
                FailureKind.PASSING, StepError.Kind.HANDLER_FAILED, "Payload store: " + messageOf(port));
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
        return new AttemptFailed(FailureKind.PASSING, StepError.Kind.TIMEOUT, "The worker was stopped.");
    }

    static AttemptFailed ofCancel() {
        return new AttemptFailed(FailureKind.RETRYABLE, StepError.Kind.CANCELLED, "Cancelled while it ran.");
    }

    static AttemptFailed ofRevokedWorker() {
        return new AttemptFailed(
                FailureKind.PASSING,
                StepError.Kind.WORKER_LOST,
                "Its worker was revoked: it sent no heartbeat for longer than its lease.");
    }

    static AttemptFailed ofDeadline(Instant deadline) {
        return new AttemptFailed(
                FailureKind.TERMINAL,
                StepError.Kind.DEADLINE,
                "Interrupted at its deadline, " + deadline + ". Redrive it to run it without one, or with another.");
    }

    static AttemptFailed ofTimeout(Duration allowed) {
        return new AttemptFailed(
                FailureKind.RETRYABLE,
                StepError.Kind.TIMEOUT,
                "Timed out after " + allowed.toMillis()
                        + " ms; raise timeoutSeconds (a redrive with overrides) or the function's timeout.");
    }

    private static AttemptFailed of(FailureKind failureKind, StepError error, Throwable thrown) {
        Cause cause = new Cause(failureKind, error, NamedFailure.namesOf(thrown));
        return new AttemptFailed(
                cause, error.message(), null, FailureText.of(thrown).trace());
    }

    private static AttemptFailed retryAfter(RetryAfter retry) {
        StepError error = new StepError(StepError.Kind.HANDLER_FAILED, messageOf(retry));
        return new AttemptFailed(
                new Cause(FailureKind.PASSING, error, NamedFailure.namesOf(retry)),
                error.message(),
                Collections.min(List.of(retry.delay(), Limits.RETRY_DELAY)),
                List.of());
    }

    private static String messageOf(Throwable thrown) {
        String message = thrown.getMessage();
        return message == null ? thrown.getClass().getSimpleName() : message;
    }

    /** Why, and what it means for the step. */
    public Cause cause() {
        return cause;
    }

    public FailureKind failureKind() {
        return cause.failureKind();
    }

    public StepError error() {
        return cause.error();
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
