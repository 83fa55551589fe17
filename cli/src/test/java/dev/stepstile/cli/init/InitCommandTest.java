package dev.stepstile.cli.init;

import static org.assertj.core.api.Assertions.assertThat;

import dev.stepstile.cli.console.Launcher;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;

/** What {@code stepstile init} says of a project that it has made, and which names it takes. */
class InitCommandTest {
    private static final Pattern REQUIRED = Pattern.compile("\"([a-z-]+)[=>\"]");

    @TempDir
    Path folder;

    private Path checkout;

    @BeforeEach
    void clone_the_repository() throws IOException {
        checkout = Files.createDirectory(folder.resolve("checkout"));
        Files.createFile(checkout.resolve("pom.xml"));
    }

    /** What it prints, under its status. */
    private static String init(Path launcher, @Nullable String version, String kind, Path project) {
        StringWriter said = new StringWriter();
        int status = new CommandLine(
                        new InitCommand(new Launcher(Map.of("STEPSTILE_LAUNCHER", launcher.toString())), version))
                .setCaseInsensitiveEnumValuesAllowed(true)
                .setOut(new PrintWriter(said, true))
                .setErr(new PrintWriter(said, true))
                .execute(kind, project.toString());
        return status + "\n" + said;
    }

    private String init(String kind, Path project) {
        return init(checkout.resolve("stepstile"), "9.8.7", kind, project);
    }

    @Test
    void a_java_project_is_followed_by_its_commands_in_their_order() {
        Path project = folder.resolve("My Words_2-");
        assertThat(init("java", project).lines())
                .containsExactly(
                        "0",
                        "Made " + project + ", a project with one handler and its test. Next:",
                        "",
                        "  cd " + project,
                        "  mvn verify",
                        "  " + checkout.resolve("stepstile")
                                + " local --classpath target/layer/java/lib/my-words-2.jar",
                        "",
                        "More is in " + project.resolve("README.md") + ".",
                        "The artifacts: './stepstile install' in a checkout of Stepstile.");
        assertThat(project.resolve("pom.xml")).content().contains("my-words-2", "9.8.7");
    }

    @ParameterizedTest
    @EnumSource(names = {"PYTHON", "DAGSTER"})
    void a_python_project_is_installed_before_it_is_tested_and_run(Starter kind) {
        assertThat(init(kind.toString(), folder.resolve("words")))
                .startsWith("0\n")
                .containsSubsequence(
                        "cd ",
                        "venv",
                        "pip install",
                        "pytest",
                        " local --handlers",
                        "More is in",
                        "WHEELS is the folder")
                .doesNotContain("The artifacts");
    }

    @Test
    void a_script_needs_no_artifacts_and_runs_by_the_launcher_that_is_installed() {
        assertThat(init(folder.resolve("bin/stepstile"), "9.8.7", "shell", folder.resolve("words")))
                .startsWith("0\n")
                .containsSubsequence("  ./test.sh\n", "  stepstile local --handlers", "More is in")
                .doesNotContain("WHEELS", "The artifacts");
    }

    @Test
    void a_folder_that_is_there_and_empty_is_filled() throws IOException {
        assertThat(init("shell", Files.createDirectory(folder.resolve("words"))))
                .startsWith("0\n");
    }

    @Test
    void a_name_is_that_of_the_folder_however_that_is_reached() {
        assertThat(init("java", checkout.resolve("../words/."))).contains("/lib/words.jar");
    }

    @ParameterizedTest
    @CsvSource({"40, 0", "41, 2"})
    void a_name_has_at_most_forty_characters(int characters, int status) {
        assertThat(init("shell", folder.resolve("w".repeat(characters)))).startsWith(status + "\n");
    }

    @ParameterizedTest
    @ValueSource(strings = {"123", "--", "é"})
    void a_folder_whose_name_has_no_letter_is_refused(String name) {
        assertThat(init("shell", folder.resolve(name))).contains("makes no name of a project");
        assertThat(folder.resolve(name)).doesNotExist();
    }

    @ParameterizedTest
    @EnumSource(names = {"PYTHON", "DAGSTER"})
    void a_package_that_a_python_project_requires_lends_it_no_name(Starter kind) {
        String required = Objects.requireNonNull(kind.files().get("pyproject.toml"))
                .split("dependencies = ", 2)[1]
                .split("\\[tool", 2)[0];
        List<String> names = REQUIRED.matcher(required)
                .results()
                .map(found -> found.group(1))
                .toList();
        assertThat(names).hasSizeGreaterThan(1).contains("pytest");
        for (String name : names) {
            assertThat(init("python", folder.resolve(name))).contains("is the name of a package that projects need");
        }
    }

    @Test
    void what_is_not_the_built_command_line_writes_nothing() {
        Path project = folder.resolve("words");
        assertThat(init(checkout.resolve("stepstile"), null, "shell", project)).contains("not the built command line");
        assertThat(project).doesNotExist();
    }
}
