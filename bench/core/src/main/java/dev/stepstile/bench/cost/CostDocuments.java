package dev.stepstile.bench.cost;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The parts of documents that {@code bench cost --write} writes, between two comments. */
final class CostDocuments {
    private CostDocuments() {}

    static String begin(String table) {
        return "<!-- ./stepstile bench cost --write: " + table + " -->";
    }

    private static final String END = "<!-- end -->";

    private static Pattern block(String table) {
        return Pattern.compile("(?s)(" + Pattern.quote(begin(table)) + "\n\n)(.*?)(\n\n" + Pattern.quote(END) + ")");
    }

    /** The table that a document has now. */
    static String read(Path document, String table) throws IOException {
        Matcher block = block(table).matcher(Files.readString(document));
        if (!block.find()) {
            throw new IllegalStateException(document + " has no part that begins with " + begin(table));
        }
        return block.group(2);
    }

    /** Replaces a table. */
    static void write(Path document, String table, String content) throws IOException {
        read(document, table);
        String text = Files.readString(document);
        Files.writeString(
                document,
                block(table)
                        .matcher(text)
                        .replaceAll(found -> Matcher.quoteReplacement(found.group(1) + content + found.group(3))));
    }
}
