package dev.stepstile.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** docs/dependencies.md gives the reason for each library that a pom names. */
class DependenciesTest {
    private static final Path CHECKOUT = Path.of("..").toAbsolutePath().normalize();
    private static final List<String> FOLDERS =
            List.of("shared", "functions", "local", "testing", "client", "examples", "bench", "cli");
    private static final Pattern NOT_USED =
            Pattern.compile("(?s)<!--.*?-->|<dependencyManagement>.*?</dependencyManagement>|<plugins>.*?</plugins>");
    private static final Pattern DEPENDENCY =
            Pattern.compile("<dependency>\\s*<groupId>([^<]+)</groupId>\\s*<artifactId>([^<]+)</artifactId>");
    private static final Pattern ROW = Pattern.compile("(?m)^\\| `([^`:]+:[^`:]+)` \\| \\S.* \\| \\S.* \\| \\S.* \\|$");

    private static SortedSet<String> inThePoms() throws IOException {
        SortedSet<String> named = new TreeSet<>();
        named.addAll(dependencies(CHECKOUT.resolve("pom.xml")));
        for (String folder : FOLDERS) {
            try (Stream<Path> files = Files.walk(CHECKOUT.resolve(folder))) {
                for (Path pom : files.filter(
                                file -> file.getFileName().toString().endsWith("pom.xml"))
                        .filter(file -> !file.toString().contains("/target/")
                                && !file.toString().contains("/starters/"))
                        .toList()) {
                    named.addAll(dependencies(pom));
                }
            }
        }
        return named;
    }

    private static List<String> dependencies(Path pom) throws IOException {
        return DEPENDENCY
                .matcher(NOT_USED.matcher(Files.readString(pom)).replaceAll(""))
                .results()
                .filter(found -> !found.group(1).equals("dev.stepstile"))
                .map(found -> found.group(1) + ":" + found.group(2))
                .toList();
    }

    @Test
    void each_library_that_a_pom_names_has_its_reason_and_no_other_has() throws IOException {
        List<String> documented = ROW.matcher(Files.readString(CHECKOUT.resolve("docs/dependencies.md")))
                .results()
                .map(row -> row.group(1))
                .sorted()
                .toList();
        assertThat(documented).hasSizeGreaterThan(25).containsExactlyElementsOf(inThePoms());
    }
}
