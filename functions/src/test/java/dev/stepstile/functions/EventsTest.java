package dev.stepstile.functions;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The samples are all described, all tested, and all of a function that the template has. */
class EventsTest {
    private static final Path TESTS = Path.of("src", "test", "java", "dev", "stepstile", "functions");

    @Test
    void every_event_has_its_row_and_its_function() throws IOException {
        Set<String> functions = Template.parse(Template.text()).functions().keySet();
        Matcher row = Pattern.compile("(?m)^\\| \\[(.+?)]\\((.+?)\\) \\| `(\\w+)` \\| .+ \\|$")
                .matcher(Files.readString(Events.FOLDER.resolve("README.md")));
        Set<String> described = new TreeSet<>();
        while (row.find()) {
            assertThat(row.group(1)).isEqualTo(row.group(2));
            assertThat(functions).contains(row.group(3));
            described.add(row.group(1));
        }
        assertThat(described).isEqualTo(new TreeSet<>(Events.names()));
    }

    @Test
    void every_event_is_used_by_a_test() throws IOException {
        StringBuilder tests = new StringBuilder();
        try (Stream<Path> files = Files.list(TESTS)) {
            for (Path file : (Iterable<Path>) files.filter(Files::isRegularFile)::iterator) {
                tests.append(Files.readString(file));
            }
        }
        List<String> unused = Events.names().stream()
                .map(name -> name.replace(".json", ""))
                .filter(name -> tests.indexOf("\"" + name + "\"") < 0 && tests.indexOf("\"" + name + ",") < 0)
                .toList();
        assertThat(unused).isEmpty();
    }
}
