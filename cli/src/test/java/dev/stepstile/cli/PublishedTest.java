package dev.stepstile.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** What a release has: one version everywhere, and in the BOM each artifact that is published. */
class PublishedTest {
    private static final Path CHECKOUT = Path.of("..").toAbsolutePath().normalize();
    /** What users name; the others are published because these need them. */
    private static final List<String> NAMED =
            List.of("stepstile-api", "stepstile-client", "stepstile-local", "stepstile-testing");

    private static final Pattern OWN = Pattern.compile(
            "<groupId>dev\\.stepstile</groupId>\\s*<artifactId>([a-z-]+)</artifactId>\\s*<version>([^<]+)</version>");
    private static final Pattern ARTIFACT = Pattern.compile("<artifactId>([^<]+)</artifactId>");
    private static final Pattern USED = Pattern.compile(
            "<dependency><groupId>dev\\.stepstile</groupId><artifactId>([^<]+)</artifactId></dependency>");
    private static final Pattern PYTHON =
            Pattern.compile("(?m)^version = \"([^\"]+)\"$|\"stepstile(?:-[a-z]+)?(?:\\[[a-z]+])?==([^\"]+)\"");

    private static List<Path> files(String name) throws IOException {
        try (Stream<Path> all = Files.walk(CHECKOUT, 6)) {
            return all.filter(file -> file.endsWith(name))
                    .filter(file -> !CHECKOUT.relativize(file).toString().matches("(.*/)?(target|\\.[^/]+|dist)/.*"))
                    .sorted()
                    .toList();
        }
    }

    private static String version() throws IOException {
        return OWN.matcher(Files.readString(CHECKOUT.resolve("pom.xml")))
                .results()
                .findFirst()
                .orElseThrow()
                .group(2);
    }

    @Test
    void there_is_one_version_and_it_is_one_of_a_release() throws IOException {
        SortedMap<String, String> others = new TreeMap<>();
        int poms = 0;
        for (Path pom : files("pom.xml")) {
            poms++;
            OWN.matcher(Files.readString(pom))
                    .results()
                    .map(found -> found.group(2))
                    .filter(found -> !found.equals("${project.version}"))
                    .forEach(found -> others.put(CHECKOUT.relativize(pom).toString(), found));
        }
        assertThat(poms).isGreaterThan(25);
        int python = 0;
        for (Path project : files("pyproject.toml")) {
            for (var found : PYTHON.matcher(Files.readString(project)).results().toList()) {
                python++;
                others.merge(
                        CHECKOUT.relativize(project).toString(),
                        found.group(1) == null ? found.group(2) : found.group(1),
                        (one, other) -> one.equals(other) ? one : one + " and " + other);
            }
        }
        assertThat(python).isGreaterThan(6);

        others.values().removeIf(version()::equals);
        assertThat(others).as("build/version VERSION writes it everywhere").isEmpty();
        assertThat(version()).matches("\\d+\\.\\d+\\.\\d+");
    }

    @Test
    void documents_name_this_version() throws IOException {
        int named = 0;
        for (Path document : files("README.md")) {
            named += checked(document);
        }
        try (Stream<Path> docs = Files.list(CHECKOUT.resolve("docs"))) {
            for (Path document :
                    docs.filter(file -> file.toString().endsWith(".md")).toList()) {
                named += checked(document);
            }
        }
        assertThat(named).isPositive();
    }

    private static int checked(Path document) throws IOException {
        List<String> versions = OWN.matcher(Files.readString(document))
                .results()
                .map(found -> found.group(2))
                .toList();
        assertThat(versions).as(document.toString()).allMatch(version()::equals);
        return versions.size();
    }

    /** Of each published artifact, those of ours that whoever uses it gets too. */
    private static SortedMap<String, List<String>> published() throws IOException {
        SortedMap<String, List<String>> published = new TreeMap<>();
        for (Path pom : files("pom.xml")) {
            String text = Files.readString(pom).replaceAll("(?s)<parent>.*?</parent>", "");
            if (text.contains("<unpublished>false<")) {
                String artifact = ARTIFACT.matcher(text)
                        .results()
                        .findFirst()
                        .orElseThrow()
                        .group(1);
                published.put(
                        artifact,
                        USED.matcher(text)
                                .results()
                                .map(found -> found.group(1))
                                .toList());
            }
        }
        return published;
    }

    @Test
    void published_is_what_users_name_and_what_that_needs_and_nothing_else() throws IOException {
        SortedMap<String, List<String>> published = published();
        SortedSet<String> needed = new TreeSet<>();
        List<String> open = new ArrayList<>(NAMED);
        while (!open.isEmpty()) {
            String next = open.removeLast();
            assertThat(published).containsKey(next);
            if (needed.add(next)) {
                open.addAll(published.get(next));
            }
        }
        assertThat(published.keySet()).isEqualTo(needed);
    }

    @Test
    void the_BOM_has_each_published_artifact_in_this_version_and_no_other() throws IOException {
        String bom = Files.readString(CHECKOUT.resolve("client/bom/pom.xml"));
        List<String> managed = OWN.matcher(bom.substring(bom.indexOf("<dependencyManagement>")))
                .results()
                .map(found -> found.group(1) + ":" + found.group(2))
                .toList();
        assertThat(managed)
                .containsExactlyElementsOf(published().keySet().stream()
                        .map(artifact -> artifact + ":${project.version}")
                        .toList());
        assertThat(bom)
                .as("a parent's managed versions would be imported with it")
                .doesNotContain("<parent>");
    }
}
