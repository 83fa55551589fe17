package dev.stepstile.cli.rows;

import java.util.Locale;
import java.util.Optional;

/** How a file holds its rows. */
public enum RowFormat {
    /** A dispatch document, or an array of rows. */
    JSON,
    /** A row on each line. */
    JSONL,
    /** Columns, which the first line names. */
    CSV;

    /** What a file's name says. */
    public static Optional<RowFormat> of(String fileName) {
        String name = fileName.toLowerCase(Locale.ROOT);
        if (name.endsWith(".json")) {
            return Optional.of(JSON);
        }
        if (name.endsWith(".jsonl") || name.endsWith(".ndjson")) {
            return Optional.of(JSONL);
        }
        return name.endsWith(".csv") ? Optional.of(CSV) : Optional.empty();
    }
}
