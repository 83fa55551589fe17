package dev.stepstile.cli.results;

import static org.assertj.core.api.Assertions.assertThat;

import dev.hardwood.InputFile;
import dev.hardwood.reader.ParquetFileReader;
import dev.hardwood.reader.RowReader;
import dev.stepstile.client.JsonValue;
import dev.stepstile.client.StepError;
import dev.stepstile.client.StepStatus;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the files of results hold, as other programs read it. */
class ResultWriterTest {
    private static final Instant AT = Instant.parse("2026-11-29T10:15:04.120Z");

    @TempDir
    Path folder;

    private static Result succeeded(String key, int row, String json) {
        return new Result("r", key, row, StepStatus.SUCCEEDED, 1, AT, new Result.Outcome(JsonValue.parse(json), null));
    }

    private static Result dead(String key, String message) {
        StepError error = new StepError("HANDLER_FAILED", message);
        return new Result("r", key, null, StepStatus.DEAD, 3, AT, new Result.Outcome(null, error));
    }

    private Path written(ResultFormat format, List<Result> results) throws IOException {
        Path file = folder.resolve("out");
        try (ResultWriter writer = ResultWriter.of(format, "r", Files.newOutputStream(file))) {
            for (Result result : results) {
                writer.write(result);
            }
        }
        return file;
    }

    @Test
    void each_result_is_a_line_of_JSON_that_keeps_the_characters_of_the_handler() throws IOException {
        Path file = written(ResultFormat.JSONL, List.of(succeeded("a", 1, "{\"n\":\n1E400}"), dead("é", "two\nlines")));

        assertThat(Files.readAllLines(file))
                .containsExactly(
                        "{\"run\":\"r\",\"key\":\"a\",\"row\":1,\"state\":\"SUCCEEDED\",\"attempt\":1,"
                                + "\"finishedAt\":\"2026-11-29T10:15:04.120Z\",\"result\":{\"n\": 1E400}}",
                        "{\"run\":\"r\",\"key\":\"é\",\"state\":\"DEAD\",\"attempt\":3,\"finishedAt\":\"2026-11-29T10:15:04.120Z\","
                                + "\"error\":{\"kind\":\"HANDLER_FAILED\",\"message\":\"two\\nlines\"}}");
    }

    @Test
    void each_result_is_a_line_of_CSV() throws IOException {
        Path file = written(ResultFormat.CSV, List.of(succeeded("a", 1, "{\"n\":\n1}"), dead("b,c", "two\nlines")));

        assertThat(Files.readAllLines(file))
                .containsExactly(
                        "run,key,row,state,attempt,finishedAt,result,errorKind,errorMessage",
                        "r,a,1,SUCCEEDED,1,2026-11-29T10:15:04.120Z,\"{\"\"n\"\": 1}\",,",
                        "r,\"b,c\",,DEAD,3,2026-11-29T10:15:04.120Z,,HANDLER_FAILED,two lines");
    }

    @Test
    void another_implementation_reads_the_Parquet_file_over_several_row_groups() throws IOException {
        String large = "\"" + "x".repeat(3_000_000) + "\"";
        List<Result> results = new ArrayList<>();
        for (int i = 1; i <= 12; i++) {
            results.add(
                    i % 3 == 0
                            ? dead("key" + i, "é " + i)
                            : succeeded("key" + i, i, i % 2 == 0 ? large : "{\"i\":" + i + "}"));
        }

        Path file = written(ResultFormat.PARQUET, results);

        assertThat(Files.size(file)).isLessThan(1_000_000);
        try (ParquetFileReader parquet = ParquetFileReader.open(InputFile.of(file));
                RowReader row = parquet.rowReader()) {
            assertThat(parquet.getFileMetaData().rowGroups()).hasSizeGreaterThan(1);
            for (Result result : results) {
                row.next();
                assertThat(row.getString("run")).isEqualTo("r");
                assertThat(row.getString("key")).isEqualTo(result.key());
                assertThat(row.isNull("row")).isEqualTo(result.row() == null);
                assertThat(row.isNull("row") ? null : row.getInt("row")).isEqualTo(result.row());
                assertThat(row.getString("state")).isEqualTo(result.state().name());
                assertThat(row.getInt("attempt")).isEqualTo(result.attempt());
                assertThat(row.getTimestamp("finishedAt")).isEqualTo(AT);
                JsonValue json = result.outcome().result();
                assertThat(row.isNull("result") ? null : row.getString("result"))
                        .isEqualTo(json == null ? null : json.text());
                StepError error = result.outcome().error();
                assertThat(row.isNull("errorMessage") ? null : row.getString("errorMessage"))
                        .isEqualTo(error == null ? null : error.message());
            }
            assertThat(row.hasNext()).isFalse();
        }
    }

    @Test
    void a_Parquet_file_of_no_results_is_one_that_can_be_read() throws IOException {
        Path file = written(ResultFormat.PARQUET, List.of());

        try (ParquetFileReader parquet = ParquetFileReader.open(InputFile.of(file))) {
            assertThat(parquet.getFileMetaData().numRows()).isZero();
        }
    }
}
