package dev.stepstile.cli.results;

import java.util.Locale;
import java.util.Optional;

/** How a file holds results. */
public enum ResultFormat {
    /** A JSON object on each line. */
    JSONL,
    /** A record on each line, under a line that names the columns. */
    CSV,
    /** Apache Parquet. */
    PARQUET;

    /** What a file's name says. */
    public static Optional<ResultFormat> of(String fileName) {
        String name = fileName.toLowerCase(Locale.ROOT);
        if (name.endsWith(".jsonl") || name.endsWith(".ndjson")) {
            return Optional.of(JSONL);
        }
        if (name.endsWith(".csv")) {
            return Optional.of(CSV);
        }
        return name.endsWith(".parquet") ? Optional.of(PARQUET) : Optional.empty();
    }
}
