package dev.stepstile.cli.run;

import static org.assertj.core.api.Assertions.assertThat;

import dev.stepstile.codec.Json;
import dev.stepstile.handlers.Echo;
import dev.stepstile.local.LocalStack;
import dev.stepstile.local.StackOptions;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** {@code ./stepstile run} and {@code results} against the adapters of AWS, on emulators. */
@Tag("integration")
class RunOnEmulatorsTest {
    @Test
    @Timeout(value = 6, unit = TimeUnit.MINUTES)
    void rows_are_run_and_their_results_exported_again(@TempDir Path folder) throws Exception {
        Path in = Files.write(
                folder.resolve("in.jsonl"),
                IntStream.rangeClosed(1, 40)
                        .mapToObj("{\"key\": \"%1$d\", \"input\": %1$d}"::formatted)
                        .toList());
        Path out = folder.resolve("out.jsonl");
        Path again = folder.resolve("again.jsonl");
        StackOptions options = StackOptions.of(StackOptions.Kind.AWS, folder.resolve("state"));
        try (LocalStack stack = QuickStack.start(options.withHandlers(List.of(new Echo())))) {
            List<Object> called = List.of("--endpoint", stack.endpoint());
            InThisJvm ran = run(
                    called,
                    "run",
                    in,
                    "--rows",
                    "steps",
                    "--handler",
                    "stepstile.echo",
                    "--run",
                    "r",
                    "--results",
                    out);
            assertThat(ran.status()).as(ran.err()).isZero();
            assertThat(ran.out()).contains("All 40 steps succeeded");
            InThisJvm exported = run(called, "results", "r", "--output", again);
            assertThat(exported.status()).as(exported.err()).isZero();
        }
        assertThat(results(out)).hasSize(40).allMatch(line -> line.matches("([0-9]+) SUCCEEDED \\1"));
        assertThat(results(again)).containsExactlyInAnyOrderElementsOf(results(out));
    }

    private static InThisJvm run(List<Object> last, Object... words) {
        return InThisJvm.run(Stream.concat(Stream.of(words), last.stream()).toArray());
    }

    private static List<String> results(Path file) throws Exception {
        return Files.readAllLines(file).stream()
                .map(Json::parse)
                .map(line -> line.path("key").asText() + " "
                        + line.path("state").asText() + " " + Json.print(line.path("result")))
                .toList();
    }
}
