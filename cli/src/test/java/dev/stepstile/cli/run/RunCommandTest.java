package dev.stepstile.cli.run;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.hardwood.InputFile;
import dev.hardwood.reader.ParquetFileReader;
import dev.stepstile.client.StepstileClient;
import dev.stepstile.codec.Json;
import dev.stepstile.handlers.Echo;
import dev.stepstile.local.LocalStack;
import dev.stepstile.local.StackOptions;
import dev.stepstile.testing.MisbehavingHandler;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
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
        stack = QuickStack.start(StackOptions.of(StackOptions.Kind.EMBEDDED, state)
                .withHandlers(List.of(new Echo(), new MisbehavingHandler())));
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
        String complete = Files.readString(out);
        Files.writeString(out, whole.get(7).substring(0, 40), StandardOpenOption.APPEND);
        assertThat(run((Object[]) options).status()).isZero();
        assertThat(out).hasContent(complete);
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

    @Test
    void the_rows_of_CSV_have_results_in_CSV_that_go_on_too() throws Exception {
        Path in = file("in.csv", "name,width", "a.png,200", "\"b,c.png\",9", "d.png,");
        Path out = folder.resolve("out.csv");
        Object[] options = {
            in,
            "--handler",
            "stepstile.echo",
            "--key",
            "name",
            "--types",
            "width=number",
            "--run",
            "csv",
            "--results",
            out
        };
        assertThat(run(options).status()).isZero();
        List<String> whole = Files.readAllLines(out);
        assertThat(whole.getFirst()).startsWith("run,key,row,state,attempt,finishedAt,result");
        assertThat(whole.stream().skip(1).map(line -> line.replaceAll("1,20[^,]*Z,", "")))
                .containsExactlyInAnyOrder(
                        "csv,a.png,1,SUCCEEDED,\"{\"\"name\"\":\"\"a.png\"\",\"\"width\"\":200}\",,",
                        "csv,\"b,c.png\",2,SUCCEEDED,\"{\"\"name\"\":\"\"b,c.png\"\",\"\"width\"\":9}\",,",
                        "csv,d.png,3,SUCCEEDED,\"{\"\"name\"\":\"\"d.png\"\",\"\"width\"\":null}\",,");
        Files.writeString(
                out, whole.get(0) + "\n" + whole.get(1) + "\n" + whole.get(2).substring(0, 25));

        assertThat(run(options).status()).isZero();

        assertThat(Files.readAllLines(out)).containsExactlyInAnyOrderElementsOf(whole);
    }

    @Test
    void a_Parquet_file_appears_as_a_whole_at_the_end_of_what_an_earlier_process_began() throws Exception {
        Path in = file("in.jsonl", "1", "2", "3");
        Path lines = folder.resolve("out.jsonl");
        Path out = folder.resolve("out.parquet");
        Object[] options = {in, "--handler", "stepstile.echo", "--run", "parquet", "--results", out};
        assertThat(run(in, "--handler", "stepstile.echo", "--run", "parquet", "--results", lines)
                        .status())
                .isZero();
        String first = Files.readAllLines(lines).getFirst().replace("\"attempt\":1", "\"attempt\":1,\"seen\":true");
        Files.writeString(folder.resolve("out.parquet.part.jsonl"), first + "\n{\"run\":\"par");

        InThisJvm ended = run(options);

        assertThat(ended.status()).as(ended.err()).isZero();
        assertThat(folder.resolve("out.parquet.part.jsonl")).doesNotExist();
        try (ParquetFileReader parquet = ParquetFileReader.open(InputFile.of(out))) {
            assertThat(parquet.getFileMetaData().numRows()).isEqualTo(3);
        }
        assertThat(run(options).status())
                .as("it is this run's, and is written again")
                .isZero();
        InThisJvm another = run(in, "--handler", "stepstile.echo", "--run", "parquet-2", "--results", out);
        assertThat(another.status()).isEqualTo(74);
        assertThat(another.err()).contains("out.parquet has something else in it than results of run parquet-2");
    }

    @Test
    void results_are_exported_later_and_are_the_same_ones() throws Exception {
        String large = "\"" + "x".repeat(50_000) + "\"";
        Path in = file(
                "in.jsonl",
                "{\"key\": \"small\", \"handler\": \"stepstile.echo\", \"input\": 1.10}",
                "{\"key\": \"large\", \"handler\": \"stepstile.echo\", \"input\": " + large + "}",
                "{\"key\": \"bad\", \"handler\": \"no.such.handler\"}");
        Path out = folder.resolve("out.jsonl");
        run(in, "--rows", "steps", "--run", "exported", "--results", out);
        Path exported = folder.resolve("exported.jsonl");

        InThisJvm ended = InThisJvm.run("results", "exported", "--output", exported, "--endpoint", stack.endpoint());

        assertThat(ended.status()).as(ended.err()).isZero();
        assertThat(Files.readAllLines(exported))
                .containsExactlyInAnyOrderElementsOf(Files.readAllLines(out).stream()
                        .map(line -> line.replaceFirst("\"row\":[0-9]+,", ""))
                        .toList())
                .hasSize(3);
        InThisJvm.run(
                "results", "exported", "--states", "failed,dead", "--output", exported, "--endpoint", stack.endpoint());
        assertThat(keys(results(exported))).containsExactly("bad");
        assertThat(InThisJvm.run("results", "nothing", "--output", exported, "--endpoint", stack.endpoint())
                        .status())
                .isEqualTo(1);
        assertThat(keys(results(exported))).as("kept").containsExactly("bad");
    }

    @Test
    void a_run_that_was_detached_from_is_waited_for_by_the_command_that_is_printed() throws Exception {
        Path in = file("in.jsonl", "1", "2");

        InThisJvm detached = run(in, "--handler", "stepstile.echo", "--detach");
        String command =
                detached.out().replaceAll("(?s).*by: ./stepstile run ", "").strip();
        InThisJvm ended = InThisJvm.run((Object[]) ("run " + command).split(" ", -1));

        assertThat(detached.status()).isZero();
        assertThat(detached.out()).contains("2 rows are dispatched.");
        assertThat(ended.status()).as(ended.err()).isZero();
        assertThat(ended.out())
                .startsWith(detached.out().lines().findFirst().orElseThrow())
                .contains("All 2 steps");
    }

    @Test
    void rows_of_the_standard_input_are_run_as_they_come() throws Exception {
        InputStream before = System.in;
        try {
            for (String[] format : List.of(
                    new String[] {"jsonl", "1\n2\n"}, new String[] {"csv", "a\n1\n2\n"}, new String[] {"json", "[1, 2]"
                    })) {
                System.setIn(new ByteArrayInputStream(format[1].getBytes(StandardCharsets.UTF_8)));

                InThisJvm ended = run("-", "--format", format[0], "--handler", "stepstile.echo");

                assertThat(ended.status()).as(ended.err()).isZero();
                assertThat(ended.out()).contains("All 2 steps succeeded");
            }
        } finally {
            System.setIn(before);
        }
    }

    @Test
    void what_it_prints_for_a_program_is_JSON() throws Exception {
        InThisJvm ended = run(file("in.jsonl", "1", "2"), "--handler", "stepstile.echo", "--run", "json", "--json");

        List<JsonNode> events = ended.out().lines().map(Json::parse).toList();
        assertThat(events.getFirst().path("event").asText()).isEqualTo("started");
        assertThat(events).allMatch(event -> event.path("run").asText().equals("json"));
        assertThat(events.getLast().path("event").asText()).isEqualTo("ended");
        assertThat(events.getLast().path("counts").path("SUCCEEDED").asInt()).isEqualTo(2);
        assertThat(events.getLast().path("allSucceeded").asBoolean()).isTrue();
    }

    @Test
    void each_reason_not_to_wait_has_a_status_and_a_sentence() throws Exception {
        Path in = file("in.jsonl", "1");
        run(in, "--handler", "stepstile.echo", "--run", "cancelled");
        try (StepstileClient client = StepstileClient.of(stack.endpoint())) {
            client.cancel("cancelled");
        }

        InThisJvm cancelled = run(file("more.jsonl", "2"), "--handler", "stepstile.echo", "--run", "cancelled");
        InThisJvm unreachable = InThisJvm.run(
                "run", in, "--handler", "stepstile.echo", "--endpoint", "http://127.0.0.1:9", "--patience", 1);
        InThisJvm nowhere = run(folder.resolve("none.jsonl"), "--handler", "stepstile.echo");
        InThisJvm unknown = run(folder.resolve("rows.txt"), "--handler", "stepstile.echo");

        assertThat(cancelled.status()).isEqualTo(1);
        assertThat(cancelled.err()).contains("Run 'cancelled' was cancelled and accepts no more steps");
        assertThat(unreachable.status()).isEqualTo(69);
        assertThat(unreachable.err()).contains("did not answer", "go on with it by: ./stepstile run ");
        assertThat(nowhere.status()).isEqualTo(65);
        assertThat(nowhere.err()).contains("There is no file ");
        assertThat(unknown.status()).isEqualTo(2);
        assertThat(unknown.err()).contains("name it by --format");
    }

    @Test
    void a_changed_row_under_an_old_key_is_pointed_out() throws Exception {
        Object[] options = {"--handler", "stepstile.echo", "--key", "id", "--run", "changed"};
        run(Stream.concat(Stream.of(file("in.jsonl", "{\"id\": 1, \"v\": 1}")), Stream.of(options))
                .toArray());

        InThisJvm ended = run(Stream.concat(Stream.of(file("in.jsonl", "{\"id\": 1, \"v\": 2}")), Stream.of(options))
                .toArray());

        assertThat(ended.status()).isZero();
        assertThat(ended.out()).contains("1 row was a step of run changed before");
    }
}
