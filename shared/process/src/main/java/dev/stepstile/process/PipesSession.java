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
 * One attempt's Pipes messages, and what they come to. Logs, progress and live records are passed on at once;
 * materializations, checks and custom messages are a part of the result, so that an attempt which loses has not spoken
 * them.
 *
 * <p>What may say how the step ended, and cannot be read, fails the attempt: a result that is lost must not look like one
 * that was never reported. Of several outcomes the worst counts: a failure for good, then being tried again, then any other
 * failure, then what cannot be read, then success; of the same kind the last one.
 */
final class PipesSession {
    private static final String OURS = "stepstile.";
    private static final String RESULT = "stepstile.result";
    private static final String LIVE = "stepstile.live";
    private static final String PROGRESS = "stepstile.progress";
    private static final String FAIL = "stepstile.fail";
    private static final String RETRY_AFTER = "stepstile.retry_after";

    private final StepContext step;
    private final ArrayNode messages = Json.MAPPER.createArrayNode();
    private long kept;
    private @Nullable JsonNode value;
    private @Nullable TerminalFailure fail;
    private @Nullable RetryAfter retryAfter;
    private @Nullable String unreadable;
    private PipesMessage.@Nullable Closed closed;

    PipesSession(StepContext step) {
        this.step = step;
    }

    /** Whether the process has said that it is done. */
    boolean closed() {
        return closed != null;
    }

    /** Takes a line of the process's messages. One that cannot be read fails the attempt, unless it was for the log alone. */
    void accept(String line) {
        if (line.isBlank()) {
            return;
        }
        try {
            switch (PipesMessage.parse(line)) {
                case PipesMessage.Opened opened -> {}
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
                unreadable = malformed.said();
                step.log(LogRecords.log("ERROR", "A Pipes message cannot be read: it " + malformed.said() + "."));
            } else {
                step.log(LogRecords.log("WARNING", "A Pipes message was dropped: it " + malformed.said() + "."));
            }
        }
    }

    /** A session may be closed by several processes; what one of them says of its failure stands. */
    private void closed(PipesMessage.Closed last) {
        if (closed == null || closed.exception() == null) {
            closed = last;
        }
    }

    /** More than a result may hold is not gathered: a worker has ten steps at once. */
    private void keep(JsonNode message, String line) {
        kept += line.length();
        if (kept <= Limits.RESULT_BYTES) {
            messages.add(message);
        } else {
            messages.removeAll();
            fail = new TerminalFailure("The process reported more than " + Limits.RESULT_BYTES
                    + " bytes; report less, or write it to your own storage and say where it is.");
        }
    }

    private void custom(JsonNode payload, JsonNode message, String line) throws PipesMessage.Malformed {
        boolean ours = false;
        for (Map.Entry<String, JsonNode> member : payload.properties()) {
            if (member.getKey().startsWith(OURS)) {
                ours = true;
                take(member.getKey(), member.getValue());
            }
        }
        if (!ours) {
            keep(message, line);
        }
    }

    private void take(String name, JsonNode told) throws PipesMessage.Malformed {
        switch (name) {
            case RESULT -> value = told;
            case LIVE -> LogRecords.live(told).ifPresent(step::log);
            case PROGRESS ->
                step.progress(
                        told.path("fraction").asDouble(), told.path("note").asText(""));
            case FAIL -> fail = new TerminalFailure(ReportedOutcome.failure(told));
            case RETRY_AFTER -> retryAfter = ReportedOutcome.retryAfter(told);
            default ->
                throw new PipesMessage.Malformed("has a member that Stepstile does not know; known: "
                        + String.join(", ", RESULT, LIVE, PROGRESS, FAIL, RETRY_AFTER));
        }
    }

    /**
     * What the process's end means.
     *
     * @param lastWords the last lines of its standard error
     */
    StepResult result(ProcessExit exit, String lastWords) throws ProcessFailed {
        if (fail != null) {
            throw ofTheProcess(fail);
        }
        if (retryAfter != null) {
            throw ofTheProcess(retryAfter);
        }
        if (closed == null) {
            throw new ProcessFailed("The process " + exit.said() + " before it closed its Pipes session"
                    + (lastWords.isEmpty() ? "." : "; its last words: " + lastWords));
        }
        PipesException exception = closed.exception();
        if (exception != null && !(isZero(exit) && exception.isExitWithStatus0())) {
            throw new ProcessFailed(exception.summary());
        }
        switch (exit) {
            case ProcessExit.Status(int code) when code == 0 -> {}
            case ProcessExit.Unknown unknown -> {}
            case ProcessExit.Status status -> throw afterClosing(exit, lastWords);
            case ProcessExit.Signal signal -> throw afterClosing(exit, lastWords);
        }
        if (unreadable != null) {
            throw new ProcessFailed("A Pipes message of the process cannot be read, and may have been its result: it "
                    + unreadable + ".");
        }
        return result();
    }

    /**
     * What a process that was told to stop has come to all the same: the result that it finished before it ended. One that
     * leaves without having reported a value has only stopped.
     *
     * @return empty if it has not succeeded
     */
    Optional<StepResult> resultOfStopped(ProcessExit exit) {
        boolean left = closed != null && closed.exception() != null;
        if (left && (value == null || value.isNull())) {
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

    /** Where the worker read it says nothing to whoever wrote the process. */
    private static <T extends Throwable> T ofTheProcess(T failure) {
        failure.setStackTrace(new StackTraceElement[0]);
        return failure;
    }

    private static ProcessFailed afterClosing(ProcessExit exit, String lastWords) {
        return new ProcessFailed("The process " + exit.said() + " after it had closed its Pipes session"
                + (lastWords.isEmpty() ? "." : "; its last words: " + lastWords));
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
