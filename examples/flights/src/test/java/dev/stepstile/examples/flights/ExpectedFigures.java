package dev.stepstile.examples.flights;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;

/** The figures that reduce.py worked out with Python's standard library, as CSV rows. */
final class ExpectedFigures {
    private ExpectedFigures() {}

    /** The rows of the year (2013) or of a day (2013-02-09), without the period in front. */
    static List<String> of(String period) throws IOException {
        try (var stream = FlightsData.open("expected-figures.csv")) {
            String csv = new String(stream.readAllBytes(), StandardCharsets.UTF_8);
            return csv.lines()
                    .filter(line -> line.startsWith(period + ","))
                    .map(line -> line.substring(period.length() + 1))
                    .toList();
        }
    }
}
