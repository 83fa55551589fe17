package dev.stepstile.process;

import static org.assertj.core.api.Assertions.assertThat;

import dev.stepstile.codec.Json;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class PrintedJsonTest {

    private static PrintedJson last(String printed) {
        return PrintedJson.last(new PrintedJson.Text(printed.replace("⏎", "\n"), false));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
            {"a": 1}⏎                     | {"a":1}
            text⏎[1, ⏎2]                  | [1,2]
            [⏎{"a": 1},⏎{"b": 2}⏎]⏎      | [{"a":1},{"b":2}]
            {⏎"a":⏎{"b": 1}⏎}             | {"a":{"b":1}}
            {"n": 1}⏎{"n": 2}⏎            | {"n":2}
            [INFO] begin⏎[INFO]⏎[3]       | [3]
            {"a": 1}⏎⏎"a text"⏎ ⏎         | "a text"
            -1.50e3                       | -1.50e3
            true⏎                         | true
            [NaN]                         | ["NaN"]
            """)
    void is_the_last_line_or_the_lines_that_end_with_it(String printed, String value) {
        assertThat(last(printed))
                .isInstanceOfSatisfying(
                        PrintedJson.Value.class,
                        found -> assertThat(Json.print(found.json())).isEqualTo(value));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "⏎ ⏎", "done", "842 rows", "007", "2026-11-29", "[INFO] done [ok]", "[1] 2", "\"a\" b"})
    void is_not_there_if_text_was_printed_last(String printed) {
        assertThat(last(printed)).isEqualTo(new PrintedJson.None(false));
    }

    @ParameterizedTest
    @ValueSource(strings = {"{\"a\": 1}⏎done", "x⏎{\"a\": 1}⏎{b⏎done⏎{\"a\": 2}⏎done"})
    void is_noticed_if_text_was_printed_after_an_object(String printed) {
        assertThat(last(printed)).isEqualTo(new PrintedJson.None(true));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{'a': 1}",
                "{\"a\": 1",
                "{⏎  a: 1⏎}",
                "{}⏎[⏎1,⏎]",
                "{\"a\": 1} {\"b\": 2}",
                "{\"a\": 1, \"a\": 2}"
            })
    void is_broken_if_it_was_meant_as_json_and_is_not(String printed) {
        assertThat(last(printed)).isEqualTo(new PrintedJson.Broken());
    }

    @Test
    void is_found_at_once_after_a_million_lines_that_might_have_been_its_beginning() {
        String flood = "[INFO] one more line\n{\"level\": 30}\n".repeat(500_000);
        assertThat(PrintedJson.last(new PrintedJson.Text(flood + "[done]", false)))
                .isEqualTo(new PrintedJson.None(true));
    }

    @Test
    void is_kept_of_an_output_of_any_length_up_to_the_limit_of_a_result() throws IOException {
        String value = "[\"" + "x".repeat(PrintedOutput.KEPT - 100) + "\"]";
        assertThat(PrintedJson.last(passed("a line\n".repeat(2_000_000) + value + "\n")))
                .isInstanceOf(PrintedJson.Value.class);
        assertThat(PrintedJson.last(passed("[\"" + "x".repeat(2 * PrintedOutput.KEPT) + "\"]\n")))
                .isEqualTo(new PrintedJson.TooLong());
        assertThat(PrintedJson.last(passed("[\n" + "1,\n".repeat(PrintedOutput.KEPT) + "1\n]\n")))
                .isEqualTo(new PrintedJson.TooLong());
        assertThat(PrintedJson.last(passed("[a line]\n".repeat(2_000_000)))).isEqualTo(new PrintedJson.None(false));
    }

    private static PrintedJson.Text passed(String printed) throws IOException {
        try (PrintedOutput output =
                new PrintedOutput(new ByteArrayInputStream(printed.getBytes(StandardCharsets.UTF_8)))) {
            assertThat(output.readAllBytes()).hasSize(printed.length());
            return output.text();
        }
    }
}
