package dev.stepstile.process;

import static dev.stepstile.process.RealPipes.act;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.stepstile.api.RetryAfter;
import dev.stepstile.codec.Json;
import dev.stepstile.testing.Eventually;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The orchestrator's side of Pipes against the real package, in commands and in a warm host's children alike. */
@Tag("integration")
class RealPipesTest {
    @TempDir
    Path folder;

    private static RealPipes pipes;

    private final Attempt attempt = new Attempt();

    @BeforeAll
    static void open() {
        pipes = new RealPipes();
    }

    @AfterAll
    static void close() {
        pipes.close();
    }

    @ParameterizedTest
    @ValueSource(strings = {"command", "warm"})
    void a_process_reads_its_whole_context(String handler) throws Exception {
        String fields = """
                {"asset_keys":["a"],"code_version_by_asset_key":{"a":"2"},"partition_key":"2013-01-01",
                 "provenance_by_asset_key":{"a":{"code_version":"1","input_data_versions":{},"is_user_provided":false}},
                 "partition_key_range":{"start":"2013-01-01","end":"2013-01-01"},
                 "partition_time_window":{"start":"s","end":"e"},"run_id":"1f","job_name":"flights"}""";
        JsonNode told = pipes.run(handler, attempt, act("told"), Map.of("dagster.pipes", fields, "state", "[1]"))
                .path("value");
        JsonNode given = Json.parse(fields);
        assertThat(told.path("asset_keys")).isEqualTo(given.path("asset_keys"));
        assertThat(told.path("provenance")).isEqualTo(given.path("provenance_by_asset_key"));
        assertThat(told.path("code_version")).isEqualTo(given.path("code_version_by_asset_key"));
        assertThat(told.path("time_window")).isEqualTo(given.path("partition_time_window"));
        assertThat(told.path("partition_key").asText()).isEqualTo("2013-01-01");
        assertThat(told.path("run_id").asText()).isEqualTo("1f");
        assertThat(told.path("job_name").asText()).isEqualTo("flights");
        assertThat(told.path("retry_number").asInt()).isEqualTo(1);
        assertThat(told.path("stepstile").path("shared").path("state")).isEqualTo(Json.parse("[1]"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"command", "warm"})
    void a_process_finds_the_trace_of_its_own_step_in_its_environment(String handler) throws Exception {
        assertThat(pipes.run(handler, attempt, act("trace"), Map.of()).path("value"))
                .isEqualTo(Json.parse("[null,null]"));
        JsonNode traced = pipes.run(handler, new Attempt().traced(), act("trace"), Map.of());
        assertThat(traced.path("value")).isEqualTo(Json.parse("[\"" + Attempt.TRACEPARENT + "\",\"vendor=a,b=c\"]"));
        assertThat(pipes.run(handler, attempt, act("trace"), Map.of()).path("value"))
                .isEqualTo(Json.parse("[null,null]"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"command", "warm"})
    void a_process_says_all_that_pipes_knows(String handler) throws Exception {
        JsonNode result =
                pipes.run(handler, attempt, act("report"), Map.of("dagster.pipes", "{\"asset_keys\":[\"a\"]}"));
        assertThat(attempt.lines())
                .containsExactly(
                        "\u001E{\"log\":{\"level\":\"WARNING\",\"message\":\"a log\"}}",
                        "from afar",
                        "\u001E{\"live\":{\"kind\":\"start\"}}");
        assertThat(attempt.progress()).containsExactly("0.5 half");
        assertThat(result.path("value").asInt()).isEqualTo(1);
        List<String> methods = new ArrayList<>();
        result.path("messages")
                .forEach(message -> methods.add(message.path("method").asText()));
        assertThat(methods)
                .containsExactly("report_asset_materialization", "report_asset_check", "report_custom_message");
        JsonNode metadata = result.path("messages").path(0).path("params").path("metadata");
        assertThat(metadata.size()).isEqualTo(18);
        assertThat(metadata.path("int").path("raw_value").asLong()).isEqualTo(1L << 60);
        assertThat(metadata.path("nan").path("raw_value").asText()).isEqualTo("NaN");
        assertThat(metadata.path("inferred").path("type").asText()).isEqualTo("__infer__");
    }

    @ParameterizedTest
    @ValueSource(strings = {"command", "warm"})
    void an_exception_is_the_steps_error_with_what_led_to_it(String handler) {
        assertThatThrownBy(() -> pipes.run(handler, attempt, act("nested")))
                .isInstanceOf(ProcessFailed.class)
                .hasMessageMatching(
                        "ValueError: bad day \\(steps.py:\\d+\\) \\(caused by KeyError: 'k' \\(steps.py:\\d+\\)\\)"
                                + " \\(while handling OSError: disk \\(steps.py:\\d+\\)\\)");
        assertThat(attempt.lines()).anySatisfy(line -> assertThat(line).contains("Traceback"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"command", "warm"})
    void a_process_that_is_killed_fails_its_attempt_and_no_other(String handler) throws Exception {
        assertThatThrownBy(() -> pipes.run(handler, attempt, act("die")))
                .isInstanceOf(ProcessFailed.class)
                .hasMessageContaining("signal 9")
                .hasMessageContaining("about to die");
        assertThat(pipes.run(handler, attempt, act("echo")).path("value")).isEqualTo(act("echo"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"command", "warm"})
    void a_process_may_leave_with_status_0_and_no_other(String handler) throws Exception {
        assertThat(pipes.run(handler, attempt, act("leave").put("status", 0))).isEqualTo(Json.object());
        assertThatThrownBy(() -> pipes.run(handler, attempt, act("leave").put("status", 3)))
                .isInstanceOf(ProcessFailed.class)
                .hasMessageStartingWith("SystemExit: 3 (steps.py:");
    }

    @ParameterizedTest
    @ValueSource(strings = {"command", "warm"})
    void what_a_process_and_its_children_print_is_in_the_log_by_its_stream(String handler) throws Exception {
        pipes.run(handler, attempt, act("output"));
        assertThat(attempt.lines())
                .containsExactlyInAnyOrder(
                        "to stdout",
                        "from below",
                        "from a shell",
                        "␞{no record}",
                        "ä".repeat(10),
                        "a last line without an end",
                        "\u001E{\"stderr\":\"to stderr\"}",
                        "\u001E{\"stderr\":\"its error\"}");
    }

    @ParameterizedTest
    @ValueSource(strings = {"command", "warm"})
    void a_process_that_prints_for_ever_is_read_to_its_end(String handler) throws Exception {
        pipes.run(handler, attempt, act("flood"));
        assertThat(attempt.lines()).hasSize(20_000);
    }

    @ParameterizedTest
    @ValueSource(strings = {"command", "warm"})
    void what_a_process_leaves_behind_is_ended(String handler) throws Exception {
        pipes.run(handler, attempt, act("behind"));
        assertThat(attempt.lines()).hasSize(1);
        long left = Long.parseLong(attempt.lines().getFirst().substring("pid ".length()));
        Eventually.await(() -> !RealPipes.alive(left));
    }

    @ParameterizedTest
    @ValueSource(strings = {"command", "warm"})
    void processes_that_left_their_group_end_with_their_step_and_no_sooner(String handler) throws Exception {
        Path go = folder.resolve(handler);
        RealPipes.Started other = pipes.start(
                handler, act("scatter").put("file", folder.resolve("never").toString()));
        long[] others = other.processes();
        RealPipes.Started step = pipes.start(handler, act("scatter").put("file", go.toString()));
        long[] processes = step.processes();
        assertThat(Arrays.stream(processes).boxed()).hasSize(3).allMatch(RealPipes::alive);
        Files.createFile(go);
        step.result();
        for (long pid : processes) {
            Eventually.await(() -> !RealPipes.alive(pid));
        }
        assertThat(Arrays.stream(others).boxed()).allMatch(RealPipes::alive);
        other.interrupt();
        assertThatThrownBy(other::result).isInstanceOf(InterruptedException.class);
        for (long pid : others) {
            Eventually.await(() -> !RealPipes.alive(pid));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"command", "warm"})
    void an_input_of_5_megabytes_and_its_result_pass(String handler) throws Exception {
        ObjectNode input = act("echo").put("text", "ä\"".repeat(1_250_000));
        assertThat(pipes.run(handler, attempt, input).path("value")).isEqualTo(input);
    }

    @ParameterizedTest
    @ValueSource(strings = {"command", "warm"})
    void a_step_that_is_stopped_is_asked_to_end_and_then_killed_with_all_its_processes(String handler)
            throws Exception {
        for (String act : List.of("wait", "stubborn", "tidy")) {
            RealPipes.Started step = pipes.start(handler, act(act));
            long[] processes = step.processes();
            assertThat(Arrays.stream(processes).boxed()).hasSize(2).allMatch(RealPipes::alive);
            step.interrupt();
            assertThatThrownBy(step::result).isInstanceOf(InterruptedException.class);
            for (long pid : processes) {
                Eventually.await(() -> !RealPipes.alive(pid));
            }
            if (act.equals("tidy")) {
                assertThat(step.attempt().lines()).contains("tidied up");
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"command", "warm"})
    void a_step_that_finishes_within_its_grace_when_it_is_stopped_has_its_result(String handler) throws Exception {
        for (String act : List.of("finish", "stop_after")) {
            RealPipes.Started step = pipes.start(handler, act(act));
            step.processes();
            step.interrupt();
            assertThat(step.result().path("value").asText()).as(act).isEqualTo("committed");
        }
    }

    @ParameterizedTest
    @CsvSource({"command, 256", "command, 512", "command, -256", "warm, 256", "warm, 512", "warm, -256"})
    void an_exit_status_that_wraps_round_to_0_is_a_failure(String handler, int status) {
        assertThatThrownBy(() -> pipes.run(handler, attempt, act("leave").put("status", status)))
                .isInstanceOf(ProcessFailed.class)
                .hasMessageContaining("SystemExit: " + status);
    }

    @ParameterizedTest
    @ValueSource(strings = {"command", "warm"})
    void a_moment_that_has_just_passed_is_now(String handler) {
        assertThatThrownBy(() -> pipes.run(handler, attempt, act("quota")))
                .isInstanceOfSatisfying(
                        RetryAfter.class, retry -> assertThat(retry.delay()).isZero());
    }

    @Test
    void twenty_steps_run_at_once_in_children_of_one_host_that_has_loaded_their_code() throws Exception {
        long[] host = pids(pipes.run("warm", attempt, act("who")));
        List<RealPipes.Started> steps = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
            steps.add(pipes.start("warm", act("who").put("prepare", "build")));
        }
        Set<Long> children = new TreeSet<>();
        for (RealPipes.Started step : steps) {
            JsonNode who = step.result();
            children.add(pids(who)[0]);
            assertThat(pids(who)[1]).isEqualTo(host[1]);
            assertThat(pids(who)[2]).isEqualTo(host[1]);
            who.path("value")
                    .path(3)
                    .forEach(builder -> assertThat(builder.asLong()).isEqualTo(host[1]));
        }
        assertThat(children).hasSize(20);
    }

    /** Of the step, its parent, and who loaded its module. */
    static long[] pids(JsonNode who) {
        JsonNode value = who.path("value");
        return new long[] {
            value.path(0).asLong(), value.path(1).asLong(), value.path(2).asLong()
        };
    }
}
