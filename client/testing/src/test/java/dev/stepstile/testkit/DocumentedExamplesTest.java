package dev.stepstile.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** The examples of the documents are parts of tests that run. */
class DocumentedExamplesTest {
    private static final Path CHECKOUT = Path.of("../..").toAbsolutePath().normalize();
    private static final Path EXAMPLES = Path.of("src/test/java/example");
    private static final Pattern BLOCK = Pattern.compile("(?s)```java\n(.*?)```");

    private static String withoutIndentation(String code) {
        return code.lines().map(String::strip).filter(line -> !line.isEmpty()).reduce("", (a, b) -> a + b + "\n");
    }

    private static List<String> blocks(String text) {
        return BLOCK.matcher(text)
                .results()
                .map((MatchResult found) -> withoutIndentation(found.group(1)))
                .toList();
    }

    private static void areOfTests(List<String> blocks) throws IOException {
        StringBuilder code = new StringBuilder();
        try (var files = Files.list(EXAMPLES)) {
            for (Path file : files.sorted().toList()) {
                code.append(withoutIndentation(Files.readString(file)));
            }
        }
        assertThat(blocks)
                .isNotEmpty()
                .allSatisfy(block -> assertThat(code.toString()).contains(block));
    }

    @Test
    void those_of_the_page_on_testing_are() throws IOException {
        areOfTests(blocks(Files.readString(CHECKOUT.resolve("docs/testing.md"))));
    }

    @Test
    void that_of_the_README_is() throws IOException {
        String readme = Files.readString(CHECKOUT.resolve("README.md"));
        int section = readme.indexOf("## Test a step");
        areOfTests(blocks(readme.substring(section, readme.indexOf("\n## ", section + 1))));
    }
}
