package dev.stepstile.simulation;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.math.BigDecimal;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The times of a reader of the feed, as the wire contract's table has them. */
final class DocumentedTimes {
    private static final String CONTRACT = "docs/protocol.md";

    private DocumentedTimes() {}

    static Duration of(String name) {
        Matcher row = Pattern.compile("^\\| " + Pattern.quote(name) + " \\| ([0-9.]+) s \\|", Pattern.MULTILINE)
                .matcher(contract());
        if (!row.find()) {
            throw new AssertionError(CONTRACT + " has no time '" + name + "'");
        }
        return Duration.ofMillis(new BigDecimal(row.group(1)).movePointRight(3).longValueExact());
    }

    private static String contract() {
        for (Path folder = Path.of("").toAbsolutePath(); folder != null; folder = folder.getParent()) {
            if (Files.isRegularFile(folder.resolve(CONTRACT))) {
                try {
                    return Files.readString(folder.resolve(CONTRACT));
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            }
        }
        throw new AssertionError("There is no " + CONTRACT + " around this folder.");
    }
}
