package dev.stepstile.cli.rows;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** Where rows are read from: a file, which can be read again, or a stream, which cannot. */
public sealed interface RowSource {
    /** How it holds its rows. */
    RowFormat format();

    /** A file, which can be read again. */
    record OfFile(Path file, RowFormat format) implements RowSource {}

    /** A stream, which is read once, as it comes. It holds JSON Lines or CSV. */
    record OfStream(InputStream in, RowFormat format) implements RowSource {}

    /** What a dispatch document has beside its steps; null if this is none. */
    default @Nullable ObjectNode head() throws IOException {
        return this instanceof OfFile(Path file, RowFormat format) && format == RowFormat.JSON
                ? JsonRowReader.head(file)
                : null;
    }

    /** From the first row. */
    default RowReader open(ColumnTypes types) throws IOException {
        return switch (this) {
            case OfFile(Path file, RowFormat format) ->
                format == RowFormat.JSON
                        ? JsonRowReader.of(file)
                        : lines(new BufferedInputStream(Files.newInputStream(file)), format, types);
            case OfStream(InputStream in, RowFormat format) -> lines(in, format, types);
        };
    }

    private static RowReader lines(InputStream in, RowFormat format, ColumnTypes types) throws IOException {
        return format == RowFormat.CSV ? new CsvRowReader(in, types) : new JsonLinesReader(in);
    }
}
