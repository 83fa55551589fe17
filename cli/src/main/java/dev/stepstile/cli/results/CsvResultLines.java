package dev.stepstile.cli.results;

import de.siegmar.fastcsv.reader.CsvParseException;
import de.siegmar.fastcsv.reader.CsvReader;
import de.siegmar.fastcsv.reader.CsvRecord;
import de.siegmar.fastcsv.writer.CsvWriter;
import de.siegmar.fastcsv.writer.LineDelimiter;
import dev.stepstile.client.JsonValue;
import dev.stepstile.client.StepError;
import dev.stepstile.client.StepStatus;
import dev.stepstile.step.Limits;
import java.io.IOException;
import java.io.InputStream;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** CSV. A result is JSON in its cell, and a line break in an error's message is a blank, so that each record is one line. */
final class CsvResultLines implements ResultLines {
    private static final List<String> COLUMNS =
            List.of("run", "key", "row", "state", "attempt", "finishedAt", "result", "errorKind", "errorMessage");

    @Override
    public String header() {
        return record(COLUMNS);
    }

    @Override
    public String beginning(String runId) {
        return header();
    }

    @Override
    public String line(Result result) {
        JsonValue json = result.outcome().result();
        StepError error = result.outcome().error();
        return record(List.of(
                result.runId(),
                result.key(),
                text(result.row()),
                result.state().name(),
                String.valueOf(result.attempt()),
                text(result.finishedAt()),
                json == null ? "" : ResultLines.onOneLine(json.text()),
                error == null ? "" : error.kind(),
                error == null ? "" : ResultLines.onOneLine(error.message())));
    }

    private static String text(@Nullable Object value) {
        return value == null ? "" : value.toString();
    }

    private static String record(List<String> cells) {
        StringWriter line = new StringWriter();
        try (CsvWriter csv = CsvWriter.builder()
                .lineDelimiter(LineDelimiter.LF)
                .bufferSize(0)
                .build(line)) {
            csv.writeRecord(cells);
        } catch (IOException e) {
            throw new IllegalStateException("a text is written without input or output", e);
        }
        return line.toString();
    }

    @Override
    public void read(InputStream in, Consumer<Written> written) throws IOException {
        try (CsvReader<CsvRecord> csv = CsvReader.builder()
                .allowExtraFields(true)
                .allowMissingFields(true)
                .maxBufferSize(2 * Limits.RESULT_BYTES)
                .ofCsvRecord(in, StandardCharsets.UTF_8)) {
            boolean first = true;
            for (CsvRecord line : csv) {
                if (first && !line.getFields().equals(COLUMNS)) {
                    throw foreign(line);
                }
                if (!first) {
                    written.accept(written(line));
                }
                first = false;
            }
            if (first) {
                throw new ResultsFileException("line 1 is not the result of a step");
            }
        } catch (CsvParseException e) {
            throw new ResultsFileException("it is not CSV");
        }
    }

    private static Written written(CsvRecord line) {
        List<String> cells = line.getFields();
        StepStatus state = cells.size() == COLUMNS.size() ? JsonResultLines.status(cells.get(3)) : null;
        if (state == null || !cells.get(4).matches("[0-9]{1,9}")) {
            throw foreign(line);
        }
        return new Written(cells.get(0), cells.get(1), Integer.parseInt(cells.get(4)), state);
    }

    private static ResultsFileException foreign(CsvRecord line) {
        return new ResultsFileException("line " + line.getStartingLineNumber() + " is not the result of a step");
    }
}
