package dev.stepstile.examples.flights;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** What the codes of carriers and airports stand for; a code that is not known stands for itself. */
final class Names {
    private static final Map<String, String> AIRPORTS =
            Map.of("EWR", "Newark Liberty", "JFK", "John F. Kennedy", "LGA", "LaGuardia");
    private static final Pattern LEGAL_FORM = Pattern.compile(" (Inc\\.|Co\\.|Corporation)$");

    private final Map<String, String> carriers;

    private Names(Map<String, String> carriers) {
        this.carriers = carriers;
    }

    static Names read() throws IOException {
        try (BufferedReader lines =
                new BufferedReader(new InputStreamReader(FlightsData.open("carriers.csv"), StandardCharsets.UTF_8))) {
            return new Names(lines.lines()
                    .skip(1)
                    .map(line -> line.split(",", 2))
                    .collect(Collectors.toMap(
                            cells -> cells[0],
                            cells -> LEGAL_FORM.matcher(cells[1]).replaceFirst(""))));
        }
    }

    String carrier(String code) {
        return carriers.getOrDefault(code, code);
    }

    static String airport(String code) {
        return AIRPORTS.getOrDefault(code, code);
    }
}
