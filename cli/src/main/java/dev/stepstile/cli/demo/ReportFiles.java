package dev.stepstile.cli.demo;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** The report of the flights, as files. */
final class ReportFiles {
    private ReportFiles() {}

    /** Writes them; the page among them. */
    static Path write(Path folder, JsonNode report) {
        try {
            Files.createDirectories(folder);
            Files.writeString(
                    folder.resolve("totals.csv"), report.path("totalsCsv").asText());
            Files.writeString(folder.resolve("days.csv"), report.path("daysCsv").asText());
            return Files.writeString(
                    folder.resolve("flights.html"), report.path("html").asText());
        } catch (IOException e) {
            throw new UncheckedIOException("The report cannot be written to " + folder, e);
        }
    }
}
