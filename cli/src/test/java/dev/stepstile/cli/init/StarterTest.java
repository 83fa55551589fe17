package dev.stepstile.cli.init;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.stepstile.cli.Main;
import dev.stepstile.testkit.StepTest;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.lang.reflect.Method;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * What {@code stepstile init} writes. That its Python projects pass their tests is held beside their packages; that Maven
 * and pip build all of them of a release, by {@code build/starter-check} in {@code verify --full}.
 */
class StarterTest {
    private static final Map<String, String> WORDS =
            Map.of("@name@", "my-words", "@version@", "9.8.7", "@stepstile@", "stepstile");
    private static final Pattern PLUGIN_OR_LIBRARY =
            Pattern.compile("<artifactId>([a-z-]+)</artifactId>\\s*<version>(\\d[^<]*)</version>");

    @TempDir
    Path folder;

    private Path written(Starter kind) throws IOException {
        Path project = folder.resolve("words");
        kind.write(project, WORDS);
        return project;
    }

    private static List<Path> files(Path project) throws IOException {
        try (Stream<Path> all = Files.walk(project)) {
            return all.filter(Files::isRegularFile).sorted().toList();
        }
    }

    @ParameterizedTest
    @EnumSource
    void each_project_is_whole_and_has_a_name_and_a_version(Starter kind) throws IOException {
        List<Path> files = files(written(kind));
        assertThat(files).hasSizeGreaterThan(5).anyMatch(file -> file.endsWith(".gitignore"));
        StringBuilder all = new StringBuilder();
        for (Path file : files) {
            String content = Files.readString(file);
            assertThat(content).as(file.toString()).doesNotContain("@name@", "@version@", "@stepstile@");
            assertThat(Files.isExecutable(file)).as(file.toString()).isEqualTo(content.startsWith("#!"));
            if (file.toString().endsWith(".json")) {
                assertThat(new ObjectMapper().readTree(content).path("handlers").size())
                        .isEqualTo(1);
            }
            all.append(content);
        }
        assertThat(all).contains("my-words", "9.8.7");
        assertThat(kind.nextCommands("my-words", "stepstile")).allMatch(next -> next.length() <= 76);
    }

    @Test
    void the_java_project_compiles_and_passes_its_test() throws Exception {
        Path project = written(Starter.JAVA);
        Path classes = folder.resolve("classes");
        List<String> arguments = new ArrayList<>(List.of(
                "-d", classes.toString(), "-cp", System.getProperty("java.class.path"), "-Xlint:all,-path", "-Werror"));
        files(project).stream()
                .map(Path::toString)
                .filter(file -> file.endsWith(".java"))
                .forEach(arguments::add);
        ByteArrayOutputStream said = new ByteArrayOutputStream();
        int compiled = ToolProvider.getSystemJavaCompiler().run(null, said, said, arguments.toArray(String[]::new));
        assertThat(compiled).as(said.toString(StandardCharsets.UTF_8)).isZero();
        try (URLClassLoader loader =
                new URLClassLoader(new URL[] {classes.toUri().toURL()}, StepTest.class.getClassLoader())) {
            Class<?> tests = loader.loadClass("words.CountWordsTest");
            int passed = 0;
            for (Method test : tests.getDeclaredMethods()) {
                if (test.isAnnotationPresent(Test.class)) {
                    test.setAccessible(true);
                    var constructor = tests.getDeclaredConstructor();
                    constructor.setAccessible(true);
                    test.invoke(constructor.newInstance());
                    passed++;
                }
            }
            assertThat(passed).isEqualTo(3);
            String registered = Files.readString(
                    project.resolve("src/main/resources/META-INF/services/dev.stepstile.api.StepHandler"));
            assertThat(loader.loadClass(registered.strip()).getInterfaces()).hasSize(1);
        }
    }

    @Test
    void the_java_project_uses_the_versions_of_our_own_build() throws IOException {
        String ours = Files.readString(Path.of("..", "pom.xml"))
                .replace("<artifactId>junit-bom<", "<artifactId>junit-jupiter<")
                .replace("<artifactId>slf4j-simple<", "<artifactId>slf4j-nop<");
        String theirs = Files.readString(written(Starter.JAVA).resolve("pom.xml"));
        List<MatchResult> named = PLUGIN_OR_LIBRARY
                .matcher(theirs)
                .results()
                .filter(found -> !found.group(1).startsWith("stepstile")
                        && !found.group(1).startsWith("my-words"))
                .toList();
        assertThat(named).hasSizeGreaterThan(4).allSatisfy(found -> {
            Pattern same = Pattern.compile("<artifactId>" + found.group(1) + "</artifactId>\\s*<version>"
                    + Pattern.quote(found.group(2)) + "<");
            assertThat(same.matcher(ours).find()).as(found.group()).isTrue();
        });
    }

    @Test
    void the_script_passes_its_test() throws IOException, InterruptedException {
        Path project = written(Starter.SHELL);
        Process test = new ProcessBuilder("bash", project.resolve("test.sh").toString())
                .redirectErrorStream(true)
                .start();
        String printed = new String(test.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(test.waitFor()).as(printed).isZero();
        assertThat(printed.lines().filter(line -> line.startsWith("passed: "))).hasSize(2);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "cobol new | expected one of",
                "java full | is not empty, and nothing is overwritten: name a new folder.",
                "java full/file | is a file: name a new folder.",
                "java 123 | makes no name of a project",
                "dagster dagster | is the name of a package that projects need: name the folder otherwise.",
                "java | DIR"
            })
    void a_wrong_call_says_what_is_wrong_and_writes_nothing(String arguments, String expected) throws IOException {
        Files.createDirectory(folder.resolve("full"));
        Files.writeString(folder.resolve("full/file"), "kept");
        List<String> call = new ArrayList<>(List.of("init"));
        String[] words = arguments.split(" ", -1);
        call.add(words[0]);
        Arrays.stream(words)
                .skip(1)
                .map(each -> folder.resolve(each).toString())
                .forEach(call::add);
        PrintStream before = System.err;
        ByteArrayOutputStream said = new ByteArrayOutputStream();
        System.setErr(new PrintStream(said, true, StandardCharsets.UTF_8));
        int status;
        try {
            status = Main.execute(call.toArray(String[]::new));
        } finally {
            System.setErr(before);
        }
        assertThat(status).isEqualTo(2);
        assertThat(said.toString(StandardCharsets.UTF_8)).contains(expected);
        assertThat(files(folder)).containsExactly(folder.resolve("full/file"));
    }
}
