package dev.stepstile.process;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.stepstile.api.RetryAfter;
import dev.stepstile.api.StepContext;
import dev.stepstile.api.StepResult;
import dev.stepstile.api.TerminalFailure;
import dev.stepstile.step.Limits;
import dev.stepstile.wire.Json;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * One attempt's Pipes messages, and what they come to. Logs, progress and live records are passed on at once;
 * materializations, checks and custom messages are a part of the result, so that an attempt which loses has not spoken
 * them.
 */
final class PipesSession {
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
    private PipesMessage.@Nullable Closed closed;

    PipesSession(StepContext step) {
        this.step = step;
    }

    /** Whether the process has said that it is done. */
    boolean closed() {
        return closed != null;
    }

    /** Takes a line of the process's messages. One that cannot be read costs itself, not the step. */
    void accept(String line) {
        try {
            switch (PipesMessage.parse(line)) {
                case PipesMessage.Opened opened -> {}
                case PipesMessage.Closed last -> closed = last;
                case PipesMessage.Log(String level, String message) -> step.log(LogRecords.log(level, message));
                case PipesMessage.Report(JsonNode message) -> keep(message, line);
                case PipesMessage.Custom(JsonNode payload, JsonNode message) -> custom(payload, message, line);
                case PipesMessage.ExternalStream(boolean error, String text) ->
                    text.lines()
                            .map(error ? LogRecords::stderr : LogRecords::stdout)
                            .forEach(step::log);
            }
        } catch (PipesMessage.Malformed malformed) {
            step.log(LogRecords.log("WARNING", "A Pipes message was dropped: it " + malformed.getMessage() + "."));
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
        if (payload.has(RESULT)) {
            value = payload.get(RESULT);
        } else if (payload.has(LIVE)) {
            LogRecords.live(payload.get(LIVE)).ifPresent(step::log);
        } else if (payload.has(PROGRESS)) {
            JsonNode progress = payload.get(PROGRESS);
            step.progress(
                    progress.path("fraction").asDouble(), progress.path("note").asText(""));
        } else if (payload.has(FAIL)) {
            fail = new TerminalFailure(payload.get(FAIL).path("message").asText("The handler said so."));
        } else if (payload.has(RETRY_AFTER)) {
            JsonNode retry = payload.get(RETRY_AFTER);
            double seconds = retry.path("seconds").asDouble(-1);
            if (!(seconds >= 0)) {
                throw new PipesMessage.Malformed("should have '" + RETRY_AFTER + "' with 'seconds', 0 or more");
            }
            retryAfter = new RetryAfter(
                    Duration.ofMillis(Math.round(seconds * 1000)),
                    retry.path("message").asText("The handler asked for it."));
        } else {
            keep(message, line);
        }
    }

    /**
     * What the process's end means.
     *
     * @param lastWords the last lines of its standard error
     */
    StepResult result(Exit exit, String lastWords) throws ProcessFailed {
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
        if (exception != null && !(exit instanceof Exit.Status(int code) && code == 0 && left(exception))) {
            throw new ProcessFailed(exception.summary());
        }
        switch (exit) {
            case Exit.Status(int code) when code == 0 -> {}
            case Exit.Unknown unknown -> {}
            case Exit.Status status -> throw afterClosing(exit, lastWords);
            case Exit.Signal signal -> throw afterClosing(exit, lastWords);
        }
        return result();
    }

    /** Where the worker read it says nothing to whoever wrote the process. */
    private static <T extends Throwable> T ofTheProcess(T failure) {
        failure.setStackTrace(new StackTraceElement[0]);
        return failure;
    }

    /** Left the session by {@code sys.exit(0)}, which is no failure. */
    private static boolean left(PipesException exception) {
        return "SystemExit".equals(exception.name());
    }

    private static ProcessFailed afterClosing(Exit exit, String lastWords) {
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
