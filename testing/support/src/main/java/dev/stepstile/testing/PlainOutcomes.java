package dev.stepstile.testing;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.stepstile.codec.Json;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/**
 * What comes of a process that uses the plain protocol, whatever it does: one table, which each kind of stack must fulfil.
 * Each case is a handler of its own, whose command is a bash script.
 */
public final class PlainOutcomes {
    private static final String RUN = "plain";
    private static final String CANCELLED_RUN = "plain-cancelled";

    /** What each step of the table has as its input, and what the others of its run share. */
    public static final String INPUT = "{\"key\":\"a.png\",\"width\":200}";

    private static final String FAILED = "HANDLER_FAILED: ";
    private static final String NOT_JSON = FAILED
            + "The process ended with status 0, and what it printed last looks like JSON but is not. Print the result as"
            + " one JSON value, or other text after it, or write the result to the file named by STEPSTILE_RESULT.";
    private static final String TERMINAL = "TERMINAL_FAILURE: ";

    /**
     * A process, and what its step comes to.
     *
     * @param settings of the step beside {@code maxAttempts}, which is 1
     * @param result as JSON; empty for a step that did not succeed
     * @param error how its kind and message begin; empty for none
     * @param log a part of a line of its log; empty for any
     */
    public record Case(
            String key, String script, String settings, String state, String result, String error, String log) {
        static Case succeeds(String key, String script, String result) {
            return new Case(key, script, "{}", "SUCCEEDED", result, "", "");
        }

        static Case dies(String key, String script, String error) {
            return new Case(key, script, "{}", "DEAD", "", error, "");
        }

        Case with(String given) {
            return new Case(key, script, given, state, result, error, log);
        }

        Case logs(String line) {
            return new Case(key, script, settings, state, result, error, line);
        }

        String handler() {
            return "plain." + key;
        }

        boolean isCancelled() {
            return key.startsWith("cancelled");
        }
    }

    private PlainOutcomes() {}

    public static List<Case> all() {
        return Stream.of(results(), refusals(), failures(), brokenResults(), stops())
                .flatMap(List::stream)
                .toList();
    }

    private static List<Case> results() {
        return List.of(
                Case.succeeds("prints-nothing", "true", "null"),
                Case.succeeds("prints-text", "echo done", "null").logs("done"),
                Case.succeeds("prints-json", "echo reading; echo '{\"rows\": 842}'", "{\"rows\":842}")
                        .logs("reading"),
                Case.succeeds("prints-no-last-newline", "printf '[1, 2]'", "[1,2]"),
                Case.succeeds("prints-blank-lines-after-it", "printf '\"a\"\\n\\n  \\n'", "\"a\""),
                Case.succeeds("prints-several-lines", "printf '{\\n  \"a\": [\\n    1\\n  ]\\n}\\n'", "{\"a\":[1]}"),
                Case.succeeds("prints-json-lines", "echo '{\"n\": 1}'; echo '{\"n\": 2}'", "{\"n\":2}"),
                Case.succeeds("prints-a-number", "echo 12 34 | wc -w", "2"),
                Case.succeeds("prints-null", "echo null", "null"),
                Case.succeeds("prints-text-after-it", "echo '{\"rows\": 1}'; echo bye", "null")
                        .logs("JSON object and then text"),
                Case.succeeds("prints-bytes", "head -c 100000 /dev/zero; printf '\\377\\376\\n'", "null"),
                Case.succeeds("prints-much", "yes '[a line of the log]' | head -n 600000; echo '[1]'", "[1]"),
                Case.succeeds("prints-much-and-no-json", "yes '[a line of the log]' | head -n 600000", "null"),
                Case.succeeds("writes-a-file", "echo '{\"printed\": 1}'; echo '[7]' >\"$STEPSTILE_RESULT\"", "[7]"),
                Case.succeeds("reads-standard-input", "read -r line; echo \"$line\"", INPUT),
                Case.succeeds("reads-the-variable", "echo \"$STEPSTILE_INPUT\"", INPUT),
                Case.succeeds("reads-the-file", "cat \"$STEPSTILE_INPUT_FILE\"", INPUT),
                Case.succeeds(
                                "reads-who-it-is",
                                "left=$((STEPSTILE_DEADLINE - $(date +%s)))\n"
                                        + "[ $left -ge $((STEPSTILE_SECONDS_LEFT - 5)) ] && [ $left -le 30 ] && fits=true\n"
                                        + "echo \"[\\\"$STEPSTILE_RUN_ID\\\",\\\"$STEPSTILE_STEP_KEY\\\",$STEPSTILE_ATTEMPT,"
                                        + "\\\"$STEPSTILE_TENANT\\\",$STEPSTILE_TAGS,$fits]\"",
                                "[\"plain\",\"reads-who-it-is\",1,\"acme\",{\"team\":\"data\"},true]")
                        .with("{\"timeoutSeconds\":30,\"tags\":{\"team\":\"data\"}}"),
                Case.succeeds("is-told-no-secret", "env | grep -c AWS_SECRET_ACCESS_KEY; echo '\"none\"'", "\"none\"")
                        .logs("0"),
                Case.succeeds(
                                "asks-for-a-retry-and-succeeds",
                                "[ $STEPSTILE_ATTEMPT = 2 ] && echo '\"second\"' && exit; echo 0; exit 75",
                                "\"second\"")
                        .with("{\"maxAttempts\":2}"),
                Case.succeeds("leaves-a-child", "setsid sleep 300 & echo '\"left\"'", "\"left\""));
    }

    private static List<Case> failures() {
        return List.of(
                Case.dies(
                        "fails",
                        "echo no disk >&2; exit 3",
                        FAILED + "The process ended with status 3; the end of its standard error: no disk"),
                Case.dies(
                        "fails-and-says-so-on-standard-output",
                        "echo no disk; exit 1",
                        FAILED + "The process ended with status 1; the end of its output: no disk"),
                Case.dies(
                        "fails-silently",
                        "exit 1",
                        FAILED + "The process ended with status 1, and printed nothing; print the reason on"),
                Case.dies(
                        "is-killed",
                        "echo about to die >&2; kill -9 $$",
                        FAILED + "The process was ended by signal 9 (SIGKILL; out of memory, or killed); the end of its"
                                + " standard error: about to die"),
                Case.dies(
                        "calls-no-program",
                        "exec ./no-such-program",
                        FAILED + "The process ended with status 127 (a program was not found: see the first line"),
                Case.dies(
                        "calls-what-is-no-program",
                        "exec /etc/passwd",
                        FAILED + "The process ended with status 126 (a program may not be executed: run chmod +x"));
    }

    private static List<Case> refusals() {
        return List.of(
                new Case(
                        "refuses-its-input",
                        "echo no such image >&2; exit 65",
                        "{\"maxAttempts\":5}",
                        "FAILED",
                        "",
                        TERMINAL
                                + "The process ended with status 65, by which it says that retrying is pointless; the end"
                                + " of its standard error: no such image",
                        ""),
                Case.dies(
                        "asks-for-a-retry",
                        "echo '{\"seconds\": 60, \"message\": \"quota\"}'; exit 75",
                        FAILED + "quota"),
                Case.dies(
                        "asks-for-a-retry-without-a-time",
                        "echo busy >&2; exit 75",
                        FAILED
                                + "The process ended with status 75, by which it asks for a retry; the end of its standard"
                                + " error: busy"),
                Case.dies(
                        "asks-for-a-retry-at-no-time",
                        "echo '{\"seconds\": \"soon\"}'; exit 75",
                        FAILED
                                + "The process ended with status 75, by which it asks for a retry after a time that is not"
                                + " a number of seconds"));
    }

    private static List<Case> brokenResults() {
        return List.of(
                Case.dies("prints-what-is-no-json", "echo \"{'rows': 842}\"", NOT_JSON),
                Case.dies("prints-half-of-it", "printf '{\\n  \"rows\": 8'; printf '\\n}\\n]\\n'", NOT_JSON),
                Case.dies(
                        "writes-an-empty-file",
                        "echo '[1]'; : >\"$STEPSTILE_RESULT\"",
                        FAILED + "The file named by STEPSTILE_RESULT is not one JSON value"),
                new Case(
                        "prints-too-much",
                        "printf '[\"'; head -c 13000000 /dev/zero | tr '\\0' x; echo '\"]'",
                        "{\"maxAttempts\":5}",
                        "FAILED",
                        "",
                        TERMINAL + "The JSON that the process printed last has more than 10485760 bytes; report less",
                        ""),
                new Case(
                        "writes-too-much",
                        "head -c 11000000 /dev/zero >\"$STEPSTILE_RESULT\"",
                        "{\"maxAttempts\":5}",
                        "FAILED",
                        "",
                        TERMINAL + "The file named by STEPSTILE_RESULT has more than 10485760 bytes; report less",
                        ""));
    }

    private static List<Case> stops() {
        String stubborn = "trap '' TERM; echo waiting; while true; do sleep 0.1; done";
        String tidy = "trap 'echo tidied; exit 0' TERM; echo waiting; while true; do sleep 0.1; done";
        String finishing = "trap 'echo \"[1]\"; exit 0' TERM; echo waiting; while true; do sleep 0.1; done";
        return List.of(
                Case.dies("is-too-slow", "sleep 300", "TIMEOUT: ").with("{\"timeoutSeconds\":1}"),
                Case.dies("is-too-slow-and-stubborn", stubborn, "TIMEOUT: ").with("{\"timeoutSeconds\":1}"),
                new Case("cancelled-and-stubborn", stubborn, "{}", "CANCELLED", "", "", "waiting"),
                new Case("cancelled-and-tidy", tidy, "{}", "CANCELLED", "", "", "tidied"),
                new Case("cancelled-and-finishing", finishing, "{}", "SUCCEEDED", "[1]", "", "waiting"));
    }

    /** Adds a handler for each case to a configuration of process handlers. */
    static void addTo(ObjectNode handlers, Path folder) {
        for (Case each : all()) {
            handlers.putObject(each.handler())
                    .put("protocol", "plain")
                    .put("graceSeconds", 1)
                    .put("directory", folder.toString())
                    .putArray("command")
                    .add("bash")
                    .add("-c")
                    .add(each.script());
        }
    }

    /**
     * Runs the whole table on a stack whose handlers were configured by {@link PythonHandlers}.
     *
     * @return what differs from the table, a line each
     */
    public static List<String> differences(StackCaller api) throws IOException, InterruptedException {
        dispatch(api, RUN, all().stream().filter(each -> !each.isCancelled()).toList());
        List<Case> cancelled = all().stream().filter(Case::isCancelled).toList();
        dispatch(api, CANCELLED_RUN, cancelled);
        for (Case each : cancelled) {
            Eventually.await(() -> api.logLines(CANCELLED_RUN, each.key()), lines -> lines.contains("waiting"));
        }
        api.post("/v1/runs/" + CANCELLED_RUN + "/cancel", "");
        List<String> differences = new ArrayList<>();
        for (Case each : all()) {
            String run = each.isCancelled() ? CANCELLED_RUN : RUN;
            JsonNode step = api.await(run, each.key(), "SUCCEEDED", "FAILED", "DEAD", "CANCELLED");
            JsonNode error = step.path("error");
            String result = step.path("result").isMissingNode() ? "" : Json.print(step.path("result"));
            String said = each.error().isEmpty()
                    ? ""
                    : error.path("kind").asText() + ": " + error.path("message").asText();
            List<String> log = each.log().isEmpty() ? List.of("") : api.logLines(run, each.key());
            if (!step.path("state").asText().equals(each.state())
                    || !result.equals(each.result())
                    || !said.startsWith(each.error())
                    || log.stream().noneMatch(line -> line.contains(each.log()))) {
                differences.add(each.key() + ": " + step.path("state").asText() + ", result " + result + ", error "
                        + Json.print(error) + ", log " + log);
            }
        }
        return differences;
    }

    private static void dispatch(StackCaller api, String run, List<Case> cases)
            throws IOException, InterruptedException {
        ObjectNode body = Json.object().put("tenant", "acme");
        var steps = body.putArray("steps");
        for (Case each : cases) {
            ObjectNode step = steps.addObject()
                    .put("key", each.key())
                    .put("handler", each.handler())
                    .put("maxAttempts", 1);
            step.set("input", Json.parse(INPUT));
            step.setAll((ObjectNode) Json.parse(each.settings()));
        }
        String answer =
                api.post("/v1/runs/" + run + "/dispatches", Json.print(body)).body();
        if (!answer.contains("dispatchId")) {
            throw new AssertionError(answer);
        }
    }
}
