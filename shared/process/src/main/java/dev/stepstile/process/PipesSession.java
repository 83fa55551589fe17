package dev.stepstile.process;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.stepstile.api.RetryAfter;
import dev.stepstile.api.StepContext;
import dev.stepstile.api.StepResult;
import dev.stepstile.api.TerminalFailure;
import dev.stepstile.codec.Json;
import dev.stepstile.step.Limits;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * One attempt's Pipes messages, and the result that they add up to. Logs, progress and live records are passed on at once;
 * materializations, checks and custom messages are a part of the result, so that an attempt which loses its step has not
 * published them.
 *
 * <p>A message that may have had the step's outcome and cannot be parsed fails the attempt: a result that is lost must not
 * look like one that was never reported. Of several outcomes the worst counts: a terminal failure, then a retry that the
 * process asked for, then any other failure, then an unreadable message, then success; of the same kind the last one.
 */
final class PipesSession {
    private static final String PREFIX = "stepstile.";
    private static final String RESULT = "stepstile.result";
    private static final String LIVE = "stepstile.live";
    private static final String PROGRESS = "stepstile.progress";
    private static final String FAIL = "stepstile.fail";
    private static final String RETRY_AFTER = "stepstile.retry_after";

    private static final String SILENT =
            "The process ended with status 0 and sent no Pipes message, so the step has no result. To report one, open"
                    + " a Pipes session in it; or set \"protocol\": \"plain\" to have what it prints as the result.";

    private final StepContext step;
    private final ArrayNode messages = Json.array();
    private boolean heard;
    private long kept;
    private @Nullable JsonNode value;
    private @Nullable TerminalFailure fail;
    private @Nullable RetryAfter retryAfter;
    private @Nullable String unreadable;
    private PipesMessage.@Nullable Closed closed;

    PipesSession(StepContext step) {
        this.step = step;
    }

    /** Whether the process has closed its session. */
    boolean closed() {
        return closed != null;
    }

    /** Reads one message. One that cannot be parsed fails the attempt, unless it was only for the log. */
    void accept(String line) {
        if (line.isBlank()) {
            return;
        }
        heard = true;
        try {
            switch (PipesMessage.parse(line)) {
                case PipesMessage.Opened _ -> {}
                case PipesMessage.Closed last -> closed(last);
                case PipesMessage.Log(String level, String message) -> step.log(LogRecords.log(level, message));
                case PipesMessage.Report(JsonNode message) -> keep(message, line);
                case PipesMessage.Custom(JsonNode payload, JsonNode message) -> custom(payload, message, line);
                case PipesMessage.ExternalStream(boolean error, String text) ->
                    text.lines()
                            .map(error ? LogRecords::stderr : LogRecords::stdout)
                            .forEach(step::log);
            }
        } catch (PipesMessage.Malformed malformed) {
            if (malformed.ofTheOutcome()) {
                unreadable = malformed.problem();
                step.log(LogRecords.log("ERROR", "A Pipes message cannot be read: it " + malformed.problem() + "."));
            } else {
                step.log(LogRecords.log("WARNING", "A Pipes message was dropped: it " + malformed.problem() + "."));
            }
        }
    }

    /** A session may be closed by several processes; a failure that one of them reports is kept. */
    private void closed(PipesMessage.Closed last) {
        if (closed == null || closed.exception() == null) {
            closed = last;
        }
    }

    /** A worker runs ten steps at once, so no more than a result may hold is kept in memory. */
    private void keep(JsonNode message, String line) {
        kept += line.length();
        if (kept <= Limits.RESULT_BYTES) {
            messages.add(message);
        } else {
            messages.removeAll();
            fail = new TerminalFailure("The process reported more than " + Limits.RESULT_BYTES
                    + " bytes; report less, or write it to your own storage and report where it is.");
        }
    }

    private void custom(JsonNode payload, JsonNode message, String line) throws PipesMessage.Malformed {
        boolean handled = false;
        for (Map.Entry<String, JsonNode> member : payload.properties()) {
            if (member.getKey().startsWith(PREFIX)) {
                handled = true;
                take(member.getKey(), member.getValue());
            }
        }
        if (!handled) {
            keep(message, line);
        }
    }

    private void take(String name, JsonNode member) throws PipesMessage.Malformed {
        switch (name) {
            case RESULT -> value = member;
            case LIVE -> LogRecords.live(member).ifPresent(step::log);
            case PROGRESS ->
                step.progress(
                        member.path("fraction").asDouble(), member.path("note").asText(""));
            case FAIL -> fail = new TerminalFailure(ReportedOutcome.failure(member));
            case RETRY_AFTER -> retryAfter = ReportedOutcome.retryAfter(member);
            default ->
                throw new PipesMessage.Malformed("has a member that Stepstile does not know; known: "
                        + String.join(", ", RESULT, LIVE, PROGRESS, FAIL, RETRY_AFTER));
        }
    }

    /**
     * The attempt's result, once the process has ended.
     *
     * @param stderrTail the last lines of the process's standard error
     */
    StepResult result(ProcessExit exit, String stderrTail) throws ProcessFailed {
        if (fail != null) {
            throw ofTheProcess(fail);
        }
        if (retryAfter != null) {
            throw ofTheProcess(retryAfter);
        }
        if (!heard && isZero(exit)) { // as with Dagster's own client
            step.log(LogRecords.log("WARNING", SILENT));
            return result();
        }
        if (closed == null) {
            throw new ProcessFailed("The process " + exit.describe() + " before it closed its Pipes session"
                    + (stderrTail.isEmpty() ? "." : "; the end of its standard error: " + stderrTail));
        }
        PipesException exception = closed.exception();
        if (exception != null && !(isZero(exit) && exception.isExitWithStatus0())) {
            throw new ProcessFailed(exception.summary(), exception.names());
        }
        switch (exit) {
            case ProcessExit.Status(int code) when code == 0 -> {}
            case ProcessExit.Unknown _ -> {}
            case ProcessExit.Status _, ProcessExit.Signal _ -> throw afterClosing(exit, stderrTail);
        }
        if (unreadable != null) {
            throw new ProcessFailed("A Pipes message of the process cannot be read, and may have been its result: it "
                    + unreadable + ".");
        }
        return result();
    }

    /**
     * The result of a process that was asked to stop, if it had finished one before it ended. A process that ends without
     * having reported a value has only stopped.
     *
     * @return empty if the process has not succeeded
     */
    Optional<StepResult> resultOfStopped(ProcessExit exit) {
        boolean left = closed != null && closed.exception() != null;
        if (!heard || (left && (value == null || value.isNull()))) {
            return Optional.empty();
        }
        try {
            return Optional.of(result(exit, ""));
        } catch (ProcessFailed | TerminalFailure | RetryAfter notSucceeded) {
            return Optional.empty();
        }
    }

    private static boolean isZero(ProcessExit exit) {
        return exit instanceof ProcessExit.Status(int code) && code == 0;
    }

    /** The worker's stack trace would not help the author of the process. */
    private static <T extends Throwable> T ofTheProcess(T failure) {
        failure.setStackTrace(new StackTraceElement[0]);
        return failure;
    }

    private static ProcessFailed afterClosing(ProcessExit exit, String stderrTail) {
        return new ProcessFailed("The process " + exit.describe() + " after it had closed its Pipes session"
                + (stderrTail.isEmpty() ? "." : "; the end of its standard error: " + stderrTail));
    }

    private StepResult result() {
        ObjectNode result = Json.object();
        if (value != null && !value.isNull()) {
            result.set("value", value);
        }
        if (!messages.isEmpty()) {
            result.set("messages", messages);
        }
        return StepResult.of(result);
    }
}
