package dev.stepstile.process;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.util.RawValue;
import dev.stepstile.api.RetryAfter;
import dev.stepstile.api.StepContext;
import dev.stepstile.api.StepInput;
import dev.stepstile.api.StepResult;
import dev.stepstile.api.TerminalFailure;
import dev.stepstile.codec.Json;
import dev.stepstile.step.Limits;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The plain protocol, for programs that know nothing of Stepstile: the input is their standard input, the result is the
 * JSON that they print last or write to a file, and their exit status says what came of it.
 */
final class PlainConversation implements Conversation {
    /** The file in the attempt's folder that is the process's standard input. */
    static final String INPUT = "input.json";

    /** Variables that not each process has; one of the worker's own environment would mislead it. */
    static final Set<String> OPTIONAL = Set.of("STEPSTILE_INPUT", "STEPSTILE_SHARED_FILE");

    /** {@code EX_DATAERR} of sysexits.h: with this input, trying again is pointless. */
    static final int TERMINAL = 65;

    /** {@code EX_TEMPFAIL} of sysexits.h: to be tried again later. */
    static final int RETRY_LATER = 75;

    /** As shells end when a program that they call may not be executed, or is not found. */
    private static final int NOT_EXECUTABLE = 126;

    private static final int NOT_FOUND = 127;

    /** Linux takes 128 KiB for one variable; other systems take as much for all of them. */
    static final int INPUT_VARIABLE_BYTES = 32 * 1024;

    private final StepContext step;
    private final Path resultFile;
    private final SortedMap<String, String> variables = new TreeMap<>();
    private @Nullable PrintedOutput printed;

    /** @param folder the attempt's own */
    PlainConversation(Path folder, StepInput input, StepContext step) throws IOException {
        this.step = step;
        this.resultFile = folder.resolve("result.json");
        String json = input.json().indexOf('\n') < 0 ? input.json() : Json.print(Json.parse(input.json()));
        Path inputFile = Files.writeString(folder.resolve(INPUT), json + "\n"); // so that a shell's `read` succeeds
        variables.put("STEPSTILE_INPUT_FILE", inputFile.toString());
        if (json.getBytes(StandardCharsets.UTF_8).length <= INPUT_VARIABLE_BYTES) {
            variables.put("STEPSTILE_INPUT", json);
        }
        if (!input.sharedNames().isEmpty()) {
            variables.put("STEPSTILE_SHARED_FILE", shared(folder, input).toString());
        }
        variables.put("STEPSTILE_RESULT", resultFile.toString());
        variables.put("STEPSTILE_RUN_ID", step.runId());
        variables.put("STEPSTILE_STEP_KEY", step.stepKey());
        variables.put("STEPSTILE_ATTEMPT", Integer.toString(step.attempt()));
        variables.put("STEPSTILE_TENANT", step.tenant());
        variables.put("STEPSTILE_TAGS", Json.print(Json.object(new TreeMap<>(step.tags()))));
        variables.put("STEPSTILE_DEADLINE", Long.toString(step.deadline().getEpochSecond()));
        Duration left = Duration.between(Instant.now(), step.deadline());
        variables.put("STEPSTILE_SECONDS_LEFT", Long.toString(Math.max(0, left.toSeconds())));
    }

    private static Path shared(Path folder, StepInput input) throws IOException {
        ObjectNode shared = Json.object();
        for (String name : input.sharedNames()) {
            shared.putRawValue(name, new RawValue(input.shared(name))); // it is JSON, and may be large
        }
        return Files.writeString(folder.resolve("shared.json"), Json.print(shared) + "\n");
    }

    @Override
    public SortedMap<String, String> variables() {
        return variables;
    }

    @Override
    public InputStream output(InputStream stdout) {
        PrintedOutput passing = new PrintedOutput(stdout);
        printed = passing;
        return passing;
    }

    /** All that such a process reports is read after its end. */
    @Override
    public void read() {}

    @Override
    public void readRest() {}

    @Override
    public boolean closed() {
        return false;
    }

    @Override
    public StepResult result(ProcessExit exit, String stderrTail) throws ProcessFailed {
        return switch (exit) {
            case ProcessExit.Status(int code)
            when code == 0 -> {
                JsonNode value = reported();
                yield value == null || value.isNull() ? StepResult.none() : StepResult.of(value);
            }
            case ProcessExit.Status(int code) when code == TERMINAL -> throw terminal(stderrTail);
            case ProcessExit.Status(int code) when code == RETRY_LATER -> throw retryLater(stderrTail);
            case ProcessExit.Status(int code) -> throw failed(exit, hint(code), stderrTail);
            case ProcessExit.Signal _, ProcessExit.Unknown _ -> throw failed(exit, "", stderrTail);
        };
    }

    @Override
    public Optional<StepResult> resultOfStopped(ProcessExit exit) {
        try {
            StepResult result = result(exit, "");
            return result.value() == null ? Optional.empty() : Optional.of(result);
        } catch (ProcessFailed | TerminalFailure | RetryAfter notSucceeded) {
            return Optional.empty();
        }
    }

    @Override
    public void close() {}

    /** What the process wrote to its result file, else what it printed last; null if that is no JSON. */
    private @Nullable JsonNode reported() throws ProcessFailed {
        return Files.exists(resultFile) ? written() : printed();
    }

    private JsonNode written() throws ProcessFailed {
        try {
            if (Files.size(resultFile) > Limits.RESULT_BYTES) {
                throw tooLong("The file named by STEPSTILE_RESULT");
            }
            return PipesMessage.READER.readValue(Files.readString(resultFile));
        } catch (IOException | NumberFormatException e) { // of which the message may quote the file
            throw new ProcessFailed("The file named by STEPSTILE_RESULT is not one JSON value in UTF-8; write the whole"
                    + " result to it as JSON, or do not create it.");
        }
    }

    private @Nullable JsonNode printed() throws ProcessFailed {
        if (printed == null) {
            return null;
        }
        return switch (PrintedJson.last(printed.text())) {
            case PrintedJson.Value(JsonNode json) -> json;
            case PrintedJson.None(boolean before) -> {
                if (before) {
                    step.log(LogRecords.log(
                            "WARNING",
                            "The process printed a JSON object and then text, so the step has no result. If the object"
                                    + " was the result, print it last, or write it to the file named by"
                                    + " STEPSTILE_RESULT."));
                }
                yield null;
            }
            case PrintedJson.Broken _ ->
                throw new ProcessFailed("The process ended with status 0, and what it printed last looks like JSON but"
                        + " is not. Print the result as one JSON value, or other text after it, or write the result to"
                        + " the file named by STEPSTILE_RESULT.");
            case PrintedJson.TooLong _ -> throw tooLong("The JSON that the process printed last");
        };
    }

    private static TerminalFailure tooLong(String what) {
        return ofTheProcess(new TerminalFailure(what + " has more than " + Limits.RESULT_BYTES
                + " bytes; report less, or write it to your own storage and report where it is."));
    }

    private TerminalFailure terminal(String stderrTail) {
        return ofTheProcess(new TerminalFailure("The process ended with status " + TERMINAL
                + ", by which it says that retrying is pointless" + said(stderrTail)));
    }

    /** By the delay that it reported, which is a number of seconds, or an object with {@code seconds}. */
    private RetryAfter retryLater(String stderrTail) throws ProcessFailed {
        String asks = "The process ended with status " + RETRY_LATER + ", by which it asks for a retry";
        JsonNode delay = delay();
        JsonNode seconds = delay == null || delay.isNumber() ? delay : delay.get("seconds");
        if (delay == null || seconds == null) {
            throw new ProcessFailed(asks + said(stderrTail));
        }
        ObjectNode outcome = Json.object().put("message", asks + said(stderrTail));
        if (delay.path("message").isTextual()) {
            outcome.set("message", delay.path("message"));
        }
        try {
            return ofTheProcess(ReportedOutcome.retryAfter(outcome.set("seconds", seconds)));
        } catch (PipesMessage.Malformed malformed) {
            throw new ProcessFailed(asks + " after a time that is not a number of seconds from 0 to a year; print the"
                    + " seconds alone, such as 30. Its policy says when it is retried.");
        }
    }

    private @Nullable JsonNode delay() {
        try {
            return reported();
        } catch (ProcessFailed | TerminalFailure notJson) {
            return null;
        }
    }

    private ProcessFailed failed(ProcessExit exit, String hint, String stderrTail) {
        return new ProcessFailed("The process " + exit.describe() + hint + said(stderrTail));
    }

    private static String hint(int status) {
        return switch (status) {
            case NOT_EXECUTABLE -> " (a program may not be executed: run chmod +x on it)";
            case NOT_FOUND -> " (a program was not found: see the first line of the script, and the PATH)";
            default -> "";
        };
    }

    private String said(String stderrTail) {
        if (!stderrTail.isEmpty()) {
            return "; the end of its standard error: " + stderrTail;
        }
        OutputTail tail = new OutputTail();
        if (printed != null) {
            printed.text().text().lines().forEach(tail::add);
        }
        String last = tail.toString();
        return last.isEmpty()
                ? ", and printed nothing; print the reason on standard error."
                : "; the end of its output: " + last;
    }

    /** The worker's stack trace would not help the author of the process. */
    private static <T extends Throwable> T ofTheProcess(T failure) {
        failure.setStackTrace(new StackTraceElement[0]);
        return failure;
    }
}
