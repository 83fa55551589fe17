package dev.stepstile.cli.results;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.stepstile.client.JsonValue;
import dev.stepstile.client.StepError;
import dev.stepstile.client.StepStatus;
import dev.stepstile.step.Limits;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A file of results that an earlier process, or somebody else, has written. */
class ResultFileTest {
    private static final Instant AT = Instant.parse("2026-11-29T10:15:04.120Z");

    @TempDir
    Path folder;

    private static Result succeeded(String key) {
        return new Result(
                "r", key, 1, StepStatus.SUCCEEDED, 1, AT, new Result.Outcome(JsonValue.parse("{\"a\":[1]}"), null));
    }

    private static Result dead(String key, int attempt) {
        StepError error = new StepError("HANDLER_FAILED", "no");
        return new Result("r", key, 1, StepStatus.DEAD, attempt, AT, new Result.Outcome(null, error));
    }

    private Path file(ResultFormat format) {
        return folder.resolve("out." + format.name().toLowerCase(Locale.ROOT));
    }

    private static void append(Path file, ResultFormat format, Result... results) throws IOException {
        try (ResultSink sink = ResultSink.open(file, format, "r")) {
            sink.append(List.of(results));
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"JSONL", "CSV"})
    void has_each_end_once_and_another_line_for_the_end_after_a_redrive(ResultFormat format) throws IOException {
        Path file = file(format);
        append(file, format, succeeded("a"), dead("b", 3));
        String before = Files.readString(file);

        append(file, format, succeeded("a"), dead("b", 3));
        assertThat(Files.readString(file)).isEqualTo(before);

        append(file, format, dead("b", 6));
        assertThat(Files.readString(file)).startsWith(before);
        assertThat(Files.readAllLines(file)).hasSize(format == ResultFormat.CSV ? 4 : 3);
    }

    @ParameterizedTest
    @EnumSource(names = {"JSONL", "CSV"})
    void loses_a_last_line_that_was_cut_however_long_and_nothing_else(ResultFormat format) throws IOException {
        Path file = file(format);
        append(file, format, succeeded("a"));
        String whole = Files.readString(file);
        Files.writeString(file, whole + "{\"run\":\"r\",\"key\":\"" + "x".repeat(200_000));

        append(file, format, succeeded("a"), succeeded("b"));

        assertThat(Files.readString(file))
                .startsWith(whole)
                .hasLineCount((int) whole.lines().count() + 1);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "notes",
                "{\"run\":\"other\",\"key",
                "{\"run\":\"other\",\"key\":\"a\",\"state\":\"SUCCEEDED\",\"attempt\":1}\n",
                "{\"run\":\"r\",\"key\":\"a\",\"state\":\"SUCCEEDED\"}\n",
                "{\"run\":\"r\",\"key\":\"a\",\"state\":\"FINE\",\"attempt\":1}\n",
                "{\"run\":\"r\",\"key\":\"a\",\"state\":\"SUCCEEDED\",\"attempt\":1.5}\n",
                "\"run\"\n",
                "[1]\n"
            })
    void of_somebody_else_is_refused_and_stays_as_it_is(String content) throws IOException {
        Path file = Files.writeString(file(ResultFormat.JSONL), content);

        assertThatExceptionOfType(ResultsFileException.class)
                .isThrownBy(() -> ResultSink.open(file, ResultFormat.JSONL, "r"))
                .withMessageContaining("something else in it")
                .withMessageContaining("--run");
        assertThat(Files.readString(file)).isEqualTo(content);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "a,b; | line 1 is not the result of a step",
                "a,b;1,2; | line 1 is not the result of a step",
                "; | line 1 is not the result of a step",
                "HEADER;other,a,1,SUCCEEDED,1,,,,; | it has results of run other",
                "HEADER;r,a,1,SUCCEEDED,1,,,,;r,b,1,SUCCEEDED,x,,,,; | line 3 is not the result of a step",
                "HEADER;r,a,1,SUCCEEDED,9999999999,,,,; | line 2 is not the result of a step",
                "HEADER;r,a,1,FINE,1,,,,; | line 2 is not the result of a step",
                "HEADER;r,a; | line 2 is not the result of a step",
                "HEADER;r,a,1,SUCCEEDED,1; | line 2 is not the result of a step",
                "HEADER;r,a,1,SUCCEEDED,1,,,,,; | line 2 is not the result of a step",
                "HEADER;r,\"a\"b,1,SUCCEEDED,1,,,,; | it is not CSV"
            })
    void of_somebody_elses_CSV_is_refused_by_its_place_and_stays_as_it_is(String lines, String why) throws IOException {
        String content = lines.replace("HEADER", "run,key,row,state,attempt,finishedAt,result,errorKind,errorMessage")
                .replace(';', '\n');
        Path file = Files.writeString(file(ResultFormat.CSV), content);

        assertThatExceptionOfType(ResultsFileException.class)
                .isThrownBy(() -> ResultSink.open(file, ResultFormat.CSV, "r"))
                .withMessageContaining("something else in it: " + why + ". Name");
        assertThat(Files.readString(file)).isEqualTo(content);
    }

    @Test
    void that_is_no_JSON_is_refused_by_its_line() throws IOException {
        Path file = file(ResultFormat.JSONL);
        append(file, ResultFormat.JSONL, succeeded("a"));
        Files.writeString(file, Files.readString(file) + "notes\n");

        assertThatExceptionOfType(ResultsFileException.class)
                .isThrownBy(() -> ResultSink.open(file, ResultFormat.JSONL, "r"))
                .withMessageContaining("something else in it: line 2 is not JSON. Name");
    }

    /** In a cell of CSV, each quote is two. */
    @ParameterizedTest
    @EnumSource(names = {"JSONL", "CSV"})
    void is_read_again_with_a_result_of_the_largest_size_that_is_mostly_quotes(ResultFormat format) throws IOException {
        Path file = file(format);
        String json = "[" + "\"\",".repeat((Limits.RESULT_BYTES - 3) / 3) + "0]";
        Result.Outcome large = new Result.Outcome(JsonValue.parse(json), null);
        append(file, format, new Result("r", "a", 1, StepStatus.SUCCEEDED, 1, AT, large));
        long size = Files.size(file);

        append(file, format, succeeded("a"));

        assertThat(Files.size(file)).isEqualTo(size).isGreaterThan(json.length());
    }

    @Test
    void is_read_to_the_end_of_its_whole_lines_also_byte_by_byte() throws IOException {
        byte[] bytes = {1, 2, 3, 4, 5};
        try (InputStream in = new FirstBytes(new ByteArrayInputStream(bytes), 3)) {
            assertThat(List.of(in.read(), in.readNBytes(1)[0], in.read(), in.read()))
                    .hasToString("[1, 2, 3, -1]");
            assertThat(in.readAllBytes()).isEmpty();
        }
        try (InputStream in = new FirstBytes(new ByteArrayInputStream(bytes), 9)) {
            assertThat(in.readAllBytes()).isEqualTo(bytes);
            assertThat(in.read()).isEqualTo(-1);
        }
    }

    @Test
    void is_named_by_its_extension_in_any_case() {
        assertThat(List.of("a.jsonl", "a.NDJSON", "a.csv", "a.PARQUET"))
                .extracting(name -> ResultFormat.of(name).orElseThrow())
                .containsExactly(ResultFormat.JSONL, ResultFormat.JSONL, ResultFormat.CSV, ResultFormat.PARQUET);
        assertThat(ResultFormat.of("csv")).isEmpty();
    }

    @Test
    void has_a_message_of_several_lines_on_one() throws IOException {
        Path file = file(ResultFormat.CSV);
        StepError error = new StepError("HANDLER_FAILED", "one\r\ntwo\rthree");
        append(
                file,
                ResultFormat.CSV,
                new Result("r", "k", 1, StepStatus.FAILED, 1, AT, new Result.Outcome(null, error)));

        assertThat(Files.readString(file)).contains("one  two three").doesNotContain("\r");
    }

    @Test
    void begins_anew_where_only_the_beginning_of_its_first_line_was_written() throws IOException {
        Path file = Files.writeString(file(ResultFormat.JSONL), "{\"run\":\"r\",\"ke");

        append(file, ResultFormat.JSONL, succeeded("a"));

        assertThat(Files.readAllLines(file)).hasSize(1).allMatch(line -> line.endsWith("\"result\":{\"a\":[1]}}"));
    }

    @Test
    void is_written_by_one_at_a_time_and_no_more_once_it_is_closed() throws IOException {
        Path file = file(ResultFormat.JSONL);
        ResultSink first = ResultSink.open(file, ResultFormat.JSONL, "r");

        assertThatExceptionOfType(ResultsFileException.class)
                .isThrownBy(() -> ResultSink.open(file, ResultFormat.JSONL, "r"))
                .withMessageContaining("Another process");
        first.close();
        first.append(List.of(succeeded("late")));

        assertThat(file).isEmptyFile();
        append(file, ResultFormat.JSONL, succeeded("a"));
        assertThat(Files.readAllLines(file)).hasSize(1);
    }
}
