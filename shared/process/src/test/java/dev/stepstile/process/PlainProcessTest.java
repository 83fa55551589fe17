package dev.stepstile.process;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.stepstile.api.RetryAfter;
import dev.stepstile.api.StepResult;
import dev.stepstile.codec.Json;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What the table of outcomes, which the stacks run, does not show of the plain protocol. */
class PlainProcessTest {
    @TempDir
    Path folder;

    private final Attempt attempt = new Attempt();

    private StepResult run(String script, GivenInput input) throws Exception {
        ObjectNode document = Json.object();
        document.putObject("handlers")
                .putObject("plain")
                .put("protocol", "plain")
                .put("directory", folder.toString())
                .putArray("command")
                .add("bash")
                .add("-c")
                .add(script);
        try (ProcessHandlers handlers = ProcessHandlers.open(Json.print(document))) {
            return handlers.handlers().getFirst().run(input, attempt);
        }
    }

    private String printed(String script, GivenInput input) throws Exception {
        return Json.write(run(script, input).value());
    }

    @Test
    void an_input_too_large_for_a_variable_is_on_standard_input_and_in_the_file_alone() throws Exception {
        String large = "\"" + "x".repeat(5_000_000) + "\"";
        String script = "echo \"[$(wc -c), $(wc -c <\"$STEPSTILE_INPUT_FILE\"), \\\"${STEPSTILE_INPUT-unset}\\\"]\"";
        assertThat(printed(script, GivenInput.of(large))).isEqualTo("[5000003,5000003,\"unset\"]");
        String largest = "\"" + "x".repeat(PlainConversation.INPUT_VARIABLE_BYTES - 2) + "\"";
        assertThat(printed("echo ${#STEPSTILE_INPUT}", GivenInput.of(largest))).isEqualTo("32768");
    }

    @Test
    void a_trace_is_in_the_environment_if_the_step_is_in_one() throws Exception {
        String script = "echo \"[\\\"${TRACEPARENT-none}\\\",\\\"${TRACESTATE-none}\\\"]\"";
        assertThat(printed(script, GivenInput.of("null"))).isEqualTo("[\"none\",\"none\"]");
        attempt.traced();
        assertThat(printed(script, GivenInput.of("null")))
                .isEqualTo("[\"" + Attempt.TRACEPARENT + "\",\"vendor=a,b=c\"]");
    }

    @Test
    void an_input_over_several_lines_is_one_line() throws Exception {
        assertThat(printed("read -r line; echo \"$line\"", GivenInput.of("{\n  \"a\": 1.50\n}")))
                .isEqualTo("{\"a\":1.50}");
    }

    @Test
    void shared_inputs_are_in_a_file_if_there_are_any() throws Exception {
        String script = "cat \"${STEPSTILE_SHARED_FILE-/dev/null}\"";
        assertThat(printed(script, new GivenInput("null", Map.of("a", "[1]", "b", "{}"))))
                .isEqualTo("{\"a\":[1],\"b\":{}}");
        assertThat(run(script, GivenInput.of("null")).value()).isNull();
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
            echo 90                                             | PT1M30S  | by which it asks for a retry; the end
            echo 0.5                                            | PT0.5S   | by which it asks for a retry; the end
            echo '{"seconds": 60, "message": "quota"}'          | PT1M     | quota
            echo 5 >$STEPSTILE_RESULT; echo no quota >&2        | PT5S     | the end of its standard error: no quota
            """)
    void status_75_asks_for_a_retry_after_the_seconds_that_were_reported(
            String script, Duration delay, String message) {
        assertThatThrownBy(() -> run(script + "; exit 75", GivenInput.of("null")))
                .isInstanceOfSatisfying(
                        RetryAfter.class, retry -> assertThat(retry.delay()).isEqualTo(delay))
                .hasMessageContaining(message);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
            true               | , and printed nothing; print the reason on standard error.
            echo '{"level":1}' | ; the end of its output: {"level":1}
            echo "{'a': 1}"    | ; the end of its output: {'a': 1}
            echo 1e99          | after a time that is not a number of seconds from 0 to a year
            """)
    void status_75_without_a_time_is_retried_by_the_policy(String script, String message) {
        assertThatThrownBy(() -> run(script + "; exit 75", GivenInput.of("null")))
                .isInstanceOf(ProcessFailed.class)
                .hasMessageContaining(message);
    }

    @Test
    void a_program_that_has_gone_or_may_not_be_executed_any_more_fails_the_attempt_and_says_what_to_do()
            throws IOException, InterruptedException {
        Path script = Files.writeString(folder.resolve("resize.sh"), "echo 1\n");
        Files.setPosixFilePermissions(script, PosixFilePermissions.fromString("rwx------"));
        String document = "{\"handlers\": {\"a\": {\"command\": [\"./resize.sh\"], \"protocol\": \"plain\","
                + " \"directory\": \"" + folder + "\"}}}";
        try (ProcessHandlers handlers = ProcessHandlers.open(document)) {
            Files.setPosixFilePermissions(script, PosixFilePermissions.fromString("rw-------"));
            assertThatThrownBy(() -> handlers.handlers().getFirst().run(GivenInput.of("null"), attempt))
                    .isInstanceOf(ProcessFailed.class)
                    .hasMessage("Handler 'a': './resize.sh' in " + folder + " is not executable; run chmod +x on it.");
            Files.delete(script);
            assertThatThrownBy(() -> handlers.handlers().getFirst().run(GivenInput.of("null"), attempt))
                    .isInstanceOf(ProcessFailed.class)
                    .hasMessageContaining("there is no program './resize.sh'");
        }
    }

    @Test
    void what_a_process_leaves_in_its_folder_is_deleted_with_it() throws Exception {
        String left = printed(
                "mkdir -p \"${STEPSTILE_RESULT%/*}/a/b\"; echo \"\\\"${STEPSTILE_RESULT%/*}\\\"\"",
                GivenInput.of("null"));
        assertThat(Path.of(left.replace("\"", ""))).isAbsolute().doesNotExist();
    }
}
