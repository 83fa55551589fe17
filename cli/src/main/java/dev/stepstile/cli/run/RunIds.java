package dev.stepstile.cli.run;

import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.InstantSource;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.HexFormat;
import java.util.Locale;

/** Ids of runs that nobody has named. */
final class RunIds {
    private static final int LONGEST_NAME = 40;
    private static final DateTimeFormatter TIME =
            DateTimeFormatter.ofPattern("yyyyMMdd-HHmmss", Locale.ROOT).withZone(ZoneOffset.UTC);

    private RunIds() {}

    /** An id that says which file and when, and is no other run's. */
    static String mint(String file) {
        byte[] random = new byte[4];
        new SecureRandom().nextBytes(random);
        return name(file) + "-" + TIME.format(InstantSource.system().instant()) + "-"
                + HexFormat.of().formatHex(random);
    }

    private static String name(String file) {
        Path last = Path.of(file).getFileName();
        String name = (last == null ? "" : last.toString())
                .replaceFirst("\\.[^.]*$", "")
                .replaceAll("[^A-Za-z0-9._-]+", "-")
                .replaceAll("^-+|-+$", "");
        return name.isEmpty() ? "rows" : name.substring(0, Math.min(LONGEST_NAME, name.length()));
    }
}
