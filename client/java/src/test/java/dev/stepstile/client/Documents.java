package dev.stepstile.client;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

/** The pages in {@code docs}, as tests read them. */
final class Documents {
    private Documents() {}

    static String read(String name) throws IOException {
        for (Path folder = Path.of("").toAbsolutePath(); folder != null; folder = folder.getParent()) {
            if (Files.isRegularFile(folder.resolve("docs").resolve(name))) {
                return Files.readString(folder.resolve("docs").resolve(name));
            }
        }
        throw new AssertionError("There is no docs/" + name + " around this folder.");
    }

    /** The first two columns of the table that begins with this line, in order. */
    static Map<String, String> table(String page, String head) throws IOException {
        Map<String, String> rows = new LinkedHashMap<>();
        read(page)
                .lines()
                .dropWhile(line -> !line.equals(head))
                .skip(2)
                .takeWhile(line -> line.startsWith("|"))
                .forEach(line -> {
                    String[] cells = line.split("\\|", -1);
                    rows.put(cells[1].strip(), cells[2].strip());
                });
        return rows;
    }
}
