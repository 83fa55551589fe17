package dev.stepstile.process;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.stepstile.api.RetryAfter;
import dev.stepstile.api.StepHandler;
import dev.stepstile.api.TerminalFailure;
import dev.stepstile.codec.Json;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The examples of the plain protocol do the same in each language. */
@Tag("integration")
class PlainExamplesTest {
    private static final Path EXAMPLES = Path.of(System.getenv("STEPSTILE_HOME"))
            .resolve("../../examples/plain")
            .normalize();

    @TempDir
    Path folder;

    private final Attempt attempt = new Attempt();

    @ParameterizedTest(name = "{0}")
    @CsvSource({"bash, bash", "node, node", "go, go"})
    void digest_a_file_refuse_one_that_is_not_there_and_wait_for_one_that_is_being_written(
            String language, String interpreter) throws Exception {
        // What builds this project has bash: were it not found, the finder would be wrong, and nothing left out.
        assertThat(ProgramFinder.find("bash", folder)).isNotNull();
        assumeTrue(
                ProgramFinder.find(interpreter, folder) != null,
                interpreter + " is not on the PATH, so the example in " + language + " is not run");
        copy(EXAMPLES.resolve(language));
        if (language.equals("go")) {
            build();
        }
        try (ProcessHandlers handlers =
                ProcessHandlers.open(folder.resolve("handlers.json").toString())) {
            StepHandler digest = handlers.handlers().getFirst();
            Files.copy(EXAMPLES.resolve("sample.csv"), folder.resolve("sample.csv"));
            assertThat(Json.write(digest.run(file("sample.csv"), attempt).value()))
                    .isEqualTo("{\"attempt\":2,\"file\":\"sample.csv\",\"lines\":3,\"sha256\":"
                            + "\"f482b5913111b7e18ba3e848762e37fd35ca6939a1722f380f6c45eb4876ad42\"}");
            assertThat(attempt.lines()).contains("\u001E{\"stderr\":\"reading sample.csv\"}");
            assertThatThrownBy(() -> digest.run(file("none.csv"), attempt))
                    .isInstanceOf(TerminalFailure.class)
                    .hasMessageEndingWith("There is no file 'none.csv'.");
            Files.createFile(folder.resolve("sample.csv.lock"));
            assertThatThrownBy(() -> digest.run(file("sample.csv"), attempt))
                    .isInstanceOfSatisfying(
                            RetryAfter.class, retry -> assertThat(retry.delay()).isEqualTo(Duration.ofSeconds(5)));
        }
    }

    private static GivenInput file(String name) {
        return GivenInput.of("{\"file\":\"" + name + "\"}");
    }

    private void copy(Path example) throws IOException {
        try (DirectoryStream<Path> files = Files.newDirectoryStream(example)) {
            for (Path file : files) {
                Files.copy(file, folder.resolve(file.getFileName()), StandardCopyOption.COPY_ATTRIBUTES);
            }
        }
    }

    private void build() throws IOException, InterruptedException {
        ProcessBuilder go = new ProcessBuilder("go", "build", "-o", "digest", "digest.go")
                .directory(folder.toFile())
                .inheritIO();
        assertThat(go.start().waitFor()).isZero();
    }
}
