package dev.stepstile.cli.run;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.stepstile.client.StepstileClient;
import dev.stepstile.codec.Json;
import dev.stepstile.handlers.Echo;
import dev.stepstile.local.LocalStack;
import dev.stepstile.local.StackOptions;
import dev.stepstile.testing.MisbehavingHandler;
import dev.stepstile.usecase.Timing;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code ./stepstile run} against an embedded stack. */
class RunCommandTest {
    @TempDir
    static Path state;

    @TempDir
    Path folder;

    private static LocalStack stack;

    @BeforeAll
    static void start() {
        Duration second = Duration.ofSeconds(1);
        Timing timing = Timing.of(Duration.ofSeconds(5), second, second, Duration.ofSeconds(30));
        stack = LocalStack.start(StackOptions.of(StackOptions.Kind.EMBEDDED, state)
                .withHandlers(List.of(new Echo(), new MisbehavingHandler()))
                .withTimes(new StackOptions.Times(timing, Duration.ofMinutes(2), Duration.ofMinutes(2))));
    }

    @AfterAll
    static void stop() {
        stack.close();
    }

    private static InThisJvm run(Object... words) {
        List<Object> arguments = new ArrayList<>(List.of("run"));
        arguments.addAll(List.of(words));
        arguments.addAll(List.of("--endpoint", stack.endpoint()));
        return InThisJvm.run(arguments.toArray());
    }

    private Path file(String name, String... lines) throws IOException {
        return Files.write(folder.resolve(name), List.of(lines));
    }

    private static List<JsonNode> results(Path file) throws IOException {
        return Files.readAllLines(file).stream().map(Json::parse).toList();
    }

    private static List<String> keys(List<JsonNode> results) {
        return results.stream()
                .map(result -> result.path("key").asText())
                .sorted()
                .toList();
    }

    @Test
    void the_inputs_of_a_file_become_steps_and_their_results_lines_of_another() throws Exception {
        Path out = folder.resolve("out.jsonl");

        InThisJvm ended = run(
                file("in.jsonl", "{\"id\": 7, \"price\": 1.10}", "", "{\"id\": \"b\", \"text\": \"é\"}"),
                "--handler",
                "stepstile.echo",
                "--key",
                "id",
                "--run",
                "basic",
                "--results",
                out);

        assertThat(ended.status()).as(ended.err()).isZero();
        assertThat(ended.out()).startsWith("Run basic\n").contains("All 2 steps succeeded");
        List<JsonNode> results = results(out);
        assertThat(keys(results)).containsExactly("7", "b");
        JsonNode first = results.stream()
                .filter(result -> result.path("key").asText().equals("7"))
                .findFirst()
                .orElseThrow();
        assertThat(first.path("run").asText()).isEqualTo("basic");
        assertThat(first.path("row").asInt()).isEqualTo(1);
        assertThat(first.path("state").asText()).isEqualTo("SUCCEEDED");
        assertThat(first.path("attempt").asInt()).isEqualTo(1);
        assertThat(Json.print(first.path("result"))).isEqualTo("{\"id\":7,\"price\":1.10}");
    }

    @Test
    void a_run_has_a_new_name_each_time_unless_it_is_named() throws Exception {
        Path in = file("in put.jsonl", "1");

        String first =
                run(in, "--handler", "stepstile.echo").out().lines().findFirst().orElseThrow();
        String second =
                run(in, "--handler", "stepstile.echo").out().lines().findFirst().orElseThrow();

        assertThat(first).matches("Run in-put-[0-9]{8}-[0-9]{6}-[0-9a-f]{8}").isNotEqualTo(second);
    }

    @Test
    void a_step_that_did_not_succeed_is_in_the_exit_status_and_named() throws Exception {
        Path out = folder.resolve("out.jsonl");

        InThisJvm ended = run(
                file(
                        "in.jsonl",
                        "{\"key\": \"good\", \"handler\": \"stepstile.echo\", \"input\": 1}",
                        "{\"key\": \"bad\", \"handler\": \"no.such.handler\"}"),
                "--rows",
                "steps",
                "--results",
                out);

        assertThat(ended.status()).isEqualTo(3);
        assertThat(ended.out()).contains("1 of 2 steps succeeded (failed 1)", "bad: FAILED, UNKNOWN_HANDLER");
        assertThat(results(out).stream()
                        .map(result -> result.path("error").path("kind").asText()))
                .containsExactlyInAnyOrder("", "UNKNOWN_HANDLER");
    }

    @Test
    void nothing_of_a_file_is_dispatched_if_one_row_is_wrong() throws Exception {
        InThisJvm ended = run(
                file("in.jsonl", "{\"id\": \"a\"}", "{\"id\": \"a#b\"}"),
                "--handler",
                "stepstile.echo",
                "--key",
                "id",
                "--run",
                "refused");

        assertThat(ended.status()).isEqualTo(65);
        assertThat(ended.err()).contains("in.jsonl, line 2: Invalid step key \"a#b\": the character '#'");
        assertThat(ended.out()).isEmpty();
        try (StepstileClient client = StepstileClient.of(stack.endpoint())) {
            assertThat(client.step("refused", "a")).isEmpty();
        }
    }

    @Test
    void the_same_run_again_writes_what_is_missing_and_mends_a_line_that_was_cut() throws Exception {
        String[] rows =
                IntStream.rangeClosed(1, 50).mapToObj(i -> "{\"n\": " + i + "}").toArray(String[]::new);
        Path in = file("in.jsonl", rows);
        Path out = folder.resolve("out.jsonl");
        String[] options = {in.toString(), "--handler", "stepstile.echo", "--run", "again", "--results", out.toString()
        };
        assertThat(run((Object[]) options).status()).isZero();
        List<String> whole = Files.readAllLines(out);
        Files.writeString(
                out,
                whole.stream()
                        .limit(20)
                        .collect(Collectors.joining(
                                "\n", "", "\n" + whole.get(20).substring(0, 30))));

        InThisJvm ended = run((Object[]) options);

        assertThat(ended.status()).as(ended.err()).isZero();
        assertThat(Files.readAllLines(out)).startsWith(whole.subList(0, 20).toArray(String[]::new));
        assertThat(Files.readAllLines(out)).containsExactlyInAnyOrderElementsOf(whole);
        assertThat(run((Object[]) options).status()).isZero();
        assertThat(Files.readAllLines(out)).hasSize(50);
    }

    @Test
    void a_file_with_something_else_in_it_is_left_as_it_is() throws Exception {
        Path in = file("in.jsonl", "1");
        Path other = file("other.jsonl", "{\"mine\": true}");
        Files.writeString(other, "no line's end", StandardOpenOption.APPEND);

        InThisJvm ended = run(in, "--handler", "stepstile.echo", "--results", other);

        assertThat(ended.status()).isEqualTo(74);
        assertThat(ended.err()).contains("other.jsonl has something else in it: line 1 is not the result of a step");
        assertThat(other).hasContent("{\"mine\": true}\nno line's end");
    }

    @Test
    void a_row_that_looks_like_a_step_is_taken_for_neither() throws Exception {
        InThisJvm ended = run(file("in.jsonl", "{\"key\": \"a\", \"input\": 1}"), "--handler", "stepstile.echo");

        assertThat(ended.status()).isEqualTo(65);
        assertThat(ended.err()).contains("line 1: this looks like a step");
    }
}
