package dev.stepstile.cli.ops;

import com.fasterxml.jackson.databind.JsonNode;
import de.siegmar.fastcsv.writer.CsvWriter;
import de.siegmar.fastcsv.writer.LineDelimiter;
import dev.stepstile.cli.ops.OutputOptions.Format;
import java.io.IOException;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.function.Function;

/** Prints the entries of a list, page by page, as it was asked for. */
final class Listing {
    private final Format format;
    private final List<Column> columns;
    private final Function<JsonNode, String> name;
    private final Screen screen;
    private final Table table;
    private long printed;

    /** @param name what {@code --output name} prints of an entry */
    Listing(Format format, List<Column> columns, Function<JsonNode, String> name, Screen screen) {
        this.format = format;
        this.columns = columns;
        this.name = name;
        this.screen = screen;
        this.table = new Table(columns, screen);
    }

    /** @return whether somebody still reads */
    boolean print(List<JsonNode> entries) {
        if (format == Format.CSV && printed == 0) {
            screen.line(record(columns.stream().map(Column::title).toList()));
        }
        if (format == Format.TABLE && !entries.isEmpty()) {
            table.print(entries);
        }
        for (JsonNode entry : entries) {
            switch (format) {
                case TABLE -> {} // printed above, as a page
                case JSON -> screen.line(entry.toString());
                case CSV ->
                    screen.line(record(columns.stream()
                            .map(column -> column.exact().apply(entry))
                            .toList()));
                case NAME -> screen.line(name.apply(entry));
            }
        }
        printed += entries.size();
        return !screen.closed();
    }

    long printed() {
        return printed;
    }

    /** A line break within a cell is a blank, so that each entry is one line. */
    private static String record(List<String> cells) {
        StringWriter line = new StringWriter();
        try (CsvWriter csv = CsvWriter.builder()
                .lineDelimiter(LineDelimiter.LF)
                .bufferSize(0)
                .build(line)) {
            csv.writeRecord(
                    cells.stream().map(cell -> cell.replaceAll("\\R", " ")).toArray(String[]::new));
        } catch (IOException e) {
            throw new UncheckedIOException("a text is always written", e);
        }
        return line.toString().stripTrailing();
    }
}
