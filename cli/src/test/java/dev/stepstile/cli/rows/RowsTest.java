package dev.stepstile.cli.rows;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.stepstile.codec.Json;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** How rows become the steps of dispatches, and what is said of a row that cannot. */
class RowsTest {
    private static final RowOptions INPUTS = options(null, null, Map.of());

    @TempDir
    Path folder;

    private static RowOptions options(@Nullable RowKind kind, @Nullable String keyName, Map<String, String> types) {
        ObjectNode settings = Json.object();
        settings.putObject("defaults").put("handler", "h");
        return new RowOptions(kind, keyName, ColumnTypes.of(types), settings);
    }

    private RowSource.OfFile file(RowFormat format, String content) throws IOException {
        return new RowSource.OfFile(Files.writeString(Files.createTempFile(folder, "in", ""), content), format);
    }

    private static List<JsonNode> dispatches(Rows rows) throws IOException {
        List<JsonNode> dispatches = new ArrayList<>();
        try (rows) {
            for (Chunk chunk = rows.next(); chunk != null; chunk = rows.next()) {
                dispatches.add(Json.parse(chunk.document()));
            }
        }
        return dispatches;
    }

    private static List<String> keysOf(Rows rows) throws IOException {
        return Objects.requireNonNull(rows.next()).keys();
    }

    private List<JsonNode> steps(RowFormat format, String content, RowOptions options) throws IOException {
        List<JsonNode> steps = new ArrayList<>();
        dispatches(Rows.checked(file(format, content), options))
                .forEach(dispatch -> dispatch.path("steps").forEach(steps::add));
        return steps;
    }

    private String refusal(RowFormat format, String content, RowOptions options) throws IOException {
        RowSource.OfFile file = file(format, content);
        try {
            Rows.checked(file, options).close();
        } catch (BadRowException e) {
            return String.valueOf(e.getMessage());
        }
        throw new AssertionError("nothing is refused");
    }

    @Test
    void a_line_is_an_input_that_keeps_its_characters() throws IOException {
        List<JsonNode> steps = steps(RowFormat.JSONL, "\uFEFF{\"n\": -0.0, \"e\": 1E400}\r\n\n  \n[1]\n\"x\"", INPUTS);

        assertThat(steps.stream().map(step -> Json.print(step.get("input"))))
                .containsExactly("{\"n\":-0.0,\"e\":1E400}", "[1]", "\"x\"");
    }

    @Test
    void an_array_of_JSON_holds_the_same_rows_as_lines() throws IOException {
        String lines = "{\"n\": -0.0}\n[1, 1.10]\nnull\n\"x\"\n";

        List<JsonNode> array =
                steps(RowFormat.JSON, "[" + lines.strip().replace("\n", ",\n") + "]", options(null, null, Map.of()));

        assertThat(array).isEqualTo(steps(RowFormat.JSONL, lines, INPUTS)).hasSize(4);
    }

    @Test
    void the_steps_of_a_document_have_its_settings_unless_the_command_line_has_others() throws IOException {
        String document = """
                {"steps": [{"key": "a", "input": 1, "maxAttempts": 5}, {"key": "b", "handler": "own"}],
                 "dispatchId": "d", "tenant": "acme", "sharedInputs": {"plan": [1.0]},
                 "defaults": {"handler": "theirs", "timeoutSeconds": 9, "tags": {"x": "1"}}}
                """;

        List<JsonNode> dispatches = dispatches(Rows.checked(file(RowFormat.JSON, document), INPUTS));

        assertThat(dispatches).hasSize(1);
        assertThat(Json.print(dispatches.getFirst()))
                .isEqualTo(
                        "{\"dispatchId\":\"d\",\"tenant\":\"acme\",\"sharedInputs\":{\"plan\":[1.0]},"
                                + "\"defaults\":{\"handler\":\"h\",\"timeoutSeconds\":9,\"tags\":{\"x\":\"1\"}},"
                                + "\"steps\":[{\"key\":\"a\",\"input\":1,\"maxAttempts\":5},{\"key\":\"b\",\"handler\":\"own\"}]}");
    }

    @Test
    void a_deadline_of_the_command_line_replaces_that_of_the_document() throws IOException {
        ObjectNode settings = Json.object().put("deadline", 60);
        RowOptions options = new RowOptions(null, null, ColumnTypes.of(Map.of()), settings);
        String document = "{\"deadline\": 3600, \"steps\": [{\"key\": \"a\", \"handler\": \"h\"}]}";

        JsonNode dispatch = dispatches(Rows.checked(file(RowFormat.JSON, document), options))
                .getFirst();

        assertThat(dispatch.path("deadline").asInt()).isEqualTo(60);
    }

    @Test
    void the_columns_of_CSV_are_strings_unless_they_have_types() throws IOException {
        String csv = "\uFEFFname,width,on,more,note\r\n\"a,\"\"b\"\"\n.png\",0200,true,\"[1, 2]\",\n\nc,,,,\" d \"\n";

        List<JsonNode> strings = steps(RowFormat.CSV, csv, INPUTS);
        List<JsonNode> typed = steps(
                RowFormat.CSV,
                csv.replace("0200", "2.50"),
                options(null, null, Map.of("width", "number", "on", "BOOLEAN", "more", "json")));

        assertThat(Json.print(strings.getFirst().get("input")))
                .isEqualTo(
                        "{\"name\":\"a,\\\"b\\\"\\n.png\",\"width\":\"0200\",\"on\":\"true\",\"more\":\"[1, 2]\",\"note\":\"\"}");
        assertThat(Json.print(strings.get(1).get("input")))
                .isEqualTo("{\"name\":\"c\",\"width\":\"\",\"on\":\"\",\"more\":\"\",\"note\":\" d \"}");
        assertThat(typed.stream().map(step -> Json.print(step.get("input"))))
                .containsExactly(
                        "{\"name\":\"a,\\\"b\\\"\\n.png\",\"width\":2.50,\"on\":true,\"more\":[1,2],\"note\":\"\"}",
                        "{\"name\":\"c\",\"width\":null,\"on\":null,\"more\":null,\"note\":\" d \"}");
    }

    @Test
    void a_key_follows_from_the_content_of_a_row_and_not_from_its_place() throws IOException {
        List<String> keys = keys("1\n2\n1\n1\n");

        assertThat(keys).doesNotHaveDuplicates();
        assertThat(keys.get(2)).isEqualTo(keys.get(0) + ".2");
        assertThat(keys.get(3)).isEqualTo(keys.get(0) + ".3");
        assertThat(keys("2\n1\n")).containsExactly(keys.get(1), keys.get(0));
    }

    private List<String> keys(String lines) throws IOException {
        return steps(RowFormat.JSONL, lines, INPUTS).stream()
                .map(step -> step.path("key").asText())
                .toList();
    }

    @Test
    void more_rows_than_a_call_takes_are_several_dispatches_that_are_the_same_ones_again() throws IOException {
        String many = IntStream.range(0, 20_001).mapToObj(String::valueOf).collect(Collectors.joining("\n"));

        List<JsonNode> dispatches = dispatches(Rows.checked(file(RowFormat.JSONL, many), INPUTS));
        List<JsonNode> again = dispatches(Rows.checked(file(RowFormat.JSONL, many), INPUTS));

        assertThat(dispatches.stream().map(dispatch -> dispatch.path("steps").size()))
                .containsExactly(10_000, 10_000, 1);
        assertThat(dispatches.stream()
                        .map(dispatch -> dispatch.path("dispatchId").asText()))
                .doesNotHaveDuplicates()
                .allMatch(id -> id.matches("rows-[0-9a-f]{32}"));
        assertThat(again).isEqualTo(dispatches);
    }

    @Test
    void a_dispatch_is_no_larger_than_a_call_can_be_in_which_a_quote_counts_as_two() throws IOException {
        String row = "{\"text\": \"" + "\\\"".repeat(300_000) + "\"}"; // 1.2 million of 6 million bytes
        String many = (row + "\n").repeat(11);

        List<JsonNode> dispatches = dispatches(Rows.checked(file(RowFormat.JSONL, many), INPUTS));

        assertThat(dispatches.stream().map(dispatch -> dispatch.path("steps").size()))
                .containsExactly(4, 4, 3);
        assertThat(refusal(RowFormat.JSONL, row.replace("\\\"", "\\\"".repeat(5)) + "\n", INPUTS))
                .contains("line 1: ")
                .contains("6000000");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
                    JSONL | 1;{"a";2           | line 2: invalid JSON or a duplicate name at column
                    JSONL | 1;{"a":1,"a":2}    | line 2: invalid JSON or a duplicate name at column
                    JSONL | 1;1 2              | line 2: invalid JSON
                    JSON  | [1,;{"a" 1}]       | line 2: not JSON from here on
                    JSON  | [1,;2              | line 2: not JSON from here on
                    JSON  | {"step": []}       | the document has no 'steps'
                    JSON  | {"steps": {}}      | line 1: 'steps' of a dispatch document must be an array.
                    JSON  | {"steps": [{"key":"a","maxAttempt":3}]} | line 1: Unknown member 'maxAttempt' in the step
                    JSON  | {"steps": [{"key":"a","maxAttempts":101}]} | line 1: Step 'a': 'maxAttempts' must be a whole number from 1 to 100.
                    JSON  | {"steps": [], "defaults": {"timeoutSeconds": 881}} | 'timeoutSeconds' must be a whole number from 1 to 880.
                    JSON  | {"steps": [{"key":"a"},;{"key":"a"}]} | line 2: the key 'a' is that of row 1 too
                    JSON  | 5                  | line 1: JSON must be an array of rows
                    JSON  | []                 | there is no row in it.
                    CSV   | a,b;1,2;3          | line 3: this record has 1 column, and the header has 2.
                    CSV   | a,b;1,2,3          | line 2: this record has 3 columns, and the header has 2.
                    CSV   | a,a;1,2            | line 1: the header names the column 'a' twice.
                    CSV   | a,;1,2             | line 1: each column needs a name
                    CSV   | a,b;1,"2;3,4       | line 2: this record begins a quote that does not end.
                    CSV   | a,b;1,"2"x;3,4     | line 1 or the record after it is not CSV
                    """)
    void a_row_that_is_wrong_is_named_with_its_line(RowFormat format, String content, String said) throws IOException {
        assertThat(refusal(format, content.replace(";", "\n"), INPUTS)).startsWith(said);
    }

    @Test
    void a_cell_that_does_not_fit_its_type_is_named_with_its_line_and_column() throws IOException {
        assertThat(refusal(RowFormat.CSV, "a,b\n1,2\n3,x\n", options(null, null, Map.of("b", "number"))))
                .isEqualTo("line 3: column 'b' is not a number as JSON writes it (12, -0.5, 1e9).");
        assertThat(refusal(RowFormat.CSV, "a,b\n1,2\n3,true\n", options(null, null, Map.of("b", "number"))))
                .startsWith("line 3: column 'b' is not a number");
        assertThat(refusal(RowFormat.CSV, "a,b\n1,2\n", options(null, null, Map.of("c", "number"))))
                .isEqualTo("line 1: --types names the column 'c', and the columns are a, b.");
        assertThatThrownBy(() -> ColumnTypes.of(Map.of("a", "date"))).hasMessageContaining("'date' is no type");
    }

    @Test
    void a_row_without_the_member_that_is_the_key_is_named() throws IOException {
        assertThat(refusal(RowFormat.JSONL, "{\"id\": 1}\n{\"ID\": 2}\n", options(null, "id", Map.of())))
                .isEqualTo("line 2: 'id' is to be the key and is missing.");
        assertThat(refusal(RowFormat.JSONL, "{\"id\": [1]}\n", options(null, "id", Map.of())))
                .isEqualTo("line 1: 'id' is to be the key and is neither a string nor a number.");
    }

    @Test
    void text_that_is_not_UTF_8_is_named_with_its_line() throws IOException {
        for (RowFormat format : RowFormat.values()) {
            RowSource.OfFile file = file(format, "");
            String text = format == RowFormat.JSON ? "[1,\n\"é\"]" : "\"a\"\n\"é\"\n";
            Files.write(file.file(), text.getBytes(StandardCharsets.ISO_8859_1));

            assertThatThrownBy(() -> Rows.checked(file, INPUTS).close())
                    .as(format.name())
                    .isInstanceOf(BadRowException.class)
                    .hasMessageContaining("not UTF-8");
        }
    }

    @Test
    void a_stream_is_dispatched_up_to_the_row_that_is_wrong() throws IOException {
        byte[] lines = "1\n2\n{\n3\n".getBytes(StandardCharsets.UTF_8);
        RowSource.OfStream stream = new RowSource.OfStream(new ByteArrayInputStream(lines), RowFormat.JSONL);

        try (Rows rows = Rows.streamed(stream, INPUTS)) {
            assertThat(keysOf(rows)).hasSize(2);
            assertThatThrownBy(rows::next).isInstanceOf(BadRowException.class).hasMessageStartingWith("line 3: ");
        }
    }

    @Test
    void a_file_that_changes_while_it_is_read_is_refused() throws IOException {
        RowSource.OfFile file = file(RowFormat.JSONL, "{\"id\":1}\n{\"id\":2}\n");
        try (Rows rows = Rows.checked(file, options(null, "id", Map.of()))) {
            Files.writeString(file.file(), "{\"id\":1}\n{\"id\":3}\n");

            assertThat(keysOf(rows)).containsExactly("1");
            assertThatThrownBy(rows::next).hasMessageContaining("the file has changed while it was read");
        }
    }
}
