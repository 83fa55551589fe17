package dev.stepstile.cli.run;

import static org.assertj.core.api.Assertions.assertThat;

import dev.stepstile.api.StepContext;
import dev.stepstile.api.StepHandler;
import dev.stepstile.api.StepInput;
import dev.stepstile.api.StepResult;
import dev.stepstile.cli.local.CommandLineProcess;
import dev.stepstile.client.StepStatus;
import dev.stepstile.client.StepstileClient;
import dev.stepstile.codec.Json;
import dev.stepstile.handlers.Echo;
import dev.stepstile.handlers.Sleep;
import dev.stepstile.local.LocalStack;
import dev.stepstile.local.StackOptions;
import dev.stepstile.testing.Eventually;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** {@code ./stepstile run} as a process that is killed, interrupted, and short of memory. */
@Tag("integration")
@Timeout(value = 3, unit = TimeUnit.MINUTES)
class RunProcessTest {
    @TempDir
    static Path state;

    @TempDir
    Path folder;

    private static LocalStack stack;

    @BeforeAll
    static void start() {
        stack = QuickStack.start(StackOptions.of(StackOptions.Kind.EMBEDDED, state)
                .withHandlers(List.of(new Echo(), new Sleep(), new Seen())));
    }

    @AfterAll
    static void stop() {
        stack.close();
    }

    private Path rows(int count, String row) throws IOException {
        return Files.write(
                folder.resolve("in.jsonl"),
                IntStream.rangeClosed(1, count).mapToObj(row::formatted).toList());
    }

    private String[] command(Path in, String handler, String run, Path out) {
        return new String[] {
            "run",
            in.toString(),
            "--handler",
            handler,
            "--key",
            "n",
            "--run",
            run,
            "--results",
            out.toString(),
            "--endpoint",
            stack.endpoint().toString()
        };
    }

    private static List<String> keys(Path results) throws IOException {
        return Files.readAllLines(results).stream()
                .map(Json::parse)
                .map(line -> line.path("key").asText())
                .toList();
    }

    private static List<String> numbers(int count) {
        return IntStream.rangeClosed(1, count).mapToObj(String::valueOf).toList();
    }

    @Test
    void a_run_whose_command_is_killed_again_and_again_has_each_result_once() throws Exception {
        Path out = folder.resolve("out.jsonl");
        String[] command = command(rows(5_000, "{\"n\": %d}"), "stepstile.echo", "killed", out);
        for (int lines : List.of(1, 1_500, 3_000)) {
            try (CommandLineProcess process = CommandLineProcess.start(folder, command)) {
                Eventually.await(
                        () -> Files.exists(out) && Files.readAllLines(out).size() >= lines);
                process.kill();
            }
        }

        try (CommandLineProcess process = CommandLineProcess.start(folder, command)) {
            assertThat(process.ended(0)).anyMatch(line -> line.contains("All 5,000 steps succeeded"));
        }

        assertThat(keys(out)).containsExactlyInAnyOrderElementsOf(numbers(5_000));
    }

    @Test
    void the_steps_of_a_command_that_was_started_in_a_trace_are_in_it() throws Exception {
        String trace = "4bf92f3577b34da6a3ce929d0e0e4736";
        Map<String, String> environment =
                Map.of("TRACEPARENT", "00-" + trace + "-00f067aa0ba902b7-01", "TRACESTATE", "vendor=1");
        Path in = rows(1, "{\"n\": %d}");
        String[] command = command(in, "seen", "traced", folder.resolve("out.jsonl"));
        try (CommandLineProcess process = CommandLineProcess.start(folder, environment, command)) {
            process.ended(0);
        }
        String[] another = command(in, "seen", "untraced", folder.resolve("other.jsonl"));
        try (CommandLineProcess process = CommandLineProcess.start(folder, another)) {
            process.ended(0);
        }

        assertThat(Files.readString(folder.resolve("out.jsonl"))).contains(trace, "vendor=1");
        assertThat(Files.readString(folder.resolve("other.jsonl"))).contains("\"none none\"");
    }

    /** Returns the trace that it is in. */
    private static final class Seen implements StepHandler {
        @Override
        public String name() {
            return "seen";
        }

        @Override
        public StepResult run(StepInput input, StepContext context) {
            return StepResult.of(context.traceparent().orElse("none") + " "
                    + context.tracestate().orElse("none"));
        }
    }

    @Test
    void an_interrupt_detaches_where_nobody_can_be_asked_and_the_printed_command_goes_on() throws Exception {
        Path out = folder.resolve("out.jsonl");
        String[] command = command(rows(20, "{\"n\": %d, \"seconds\": 0.5}"), "stepstile.sleep", "detached", out);
        List<String> said;
        try (CommandLineProcess process = CommandLineProcess.start(folder, command)) {
            process.await("20 rows of");
            process.await("/20"); // it listens to signals
            new ProcessBuilder("kill", "-INT", String.valueOf(process.process().pid()))
                    .start()
                    .waitFor();
            said = process.ended(130);
        }
        assertThat(said.getLast()).contains("Detached.", "Go on with the run by: ./stepstile run ");

        String again = said.getLast().replaceFirst(".*by: ./stepstile ", "");
        try (CommandLineProcess process = CommandLineProcess.start(folder, again.split(" ", -1))) {
            process.ended(0);
        }

        assertThat(keys(out)).containsExactlyInAnyOrderElementsOf(numbers(20));
    }

    /** A terminal of 80 columns, by util-linux. */
    private Process inTerminal(String[] command) throws IOException {
        List<String> words = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1",
                "-XX:+UseSerialGC",
                "-Dlog4j2.configurationFile=classpath:stepstile-cli-log4j2.xml",
                "-cp",
                System.getProperty("java.class.path"),
                dev.stepstile.cli.Main.class.getName()));
        words.addAll(List.of(command));
        words.addAll(0, CommandLineProcess.INTERRUPTIBLE);
        String line = words.stream().map(word -> "'" + word + "'").collect(Collectors.joining(" ", "exec ", ""));
        ProcessBuilder builder = new ProcessBuilder("script", "-qefc", line, "/dev/null").redirectErrorStream(true);
        builder.environment().put("STEPSTILE_HOME", folder.toString());
        builder.environment().put("COLUMNS", "80");
        return builder.start();
    }

    @Test
    void an_interrupt_on_a_terminal_asks_and_a_c_cancels_the_run() throws Exception {
        Path out = folder.resolve("out.jsonl");
        Process process =
                inTerminal(command(rows(50, "{\"n\": %d, \"seconds\": 2}"), "stepstile.sleep", "cancelled", out));
        try (BufferedReader screen =
                        new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
                OutputStream keyboard = process.getOutputStream()) {
            List<String> lines = new ArrayList<>();
            await(screen, "50 rows", lines);
            Eventually.await(() -> isKnown("cancelled"));
            keyboard.write(3); // Ctrl-C
            keyboard.flush();
            await(screen, "detach", lines);
            keyboard.write("c\n".getBytes(StandardCharsets.US_ASCII));
            keyboard.flush();
            screen.lines().forEach(lines::add);

            assertThat(process.waitFor()).as(String.join("\n", lines)).isEqualTo(130);
            assertThat(lines).anyMatch(line -> line.contains("The run is cancelled."));
            for (String line : lines) {
                for (String drawn : line.replaceAll("\u001b\\[K", "").split("\r", -1)) {
                    assertThat(drawn.length()).as(drawn).isLessThanOrEqualTo(80);
                }
            }
        } finally {
            process.destroyForcibly();
        }
        assertThat(keys(out)).containsExactlyInAnyOrderElementsOf(numbers(50));
        assertThat(Files.readAllLines(out).stream()
                        .map(Json::parse)
                        .map(line -> line.path("state").asText()))
                .contains("CANCELLED");
    }

    private static boolean isKnown(String run) {
        try (StepstileClient client = StepstileClient.of(stack.endpoint())) {
            return client.exactStatus(run).counts().containsKey(StepStatus.RUNNING);
        } catch (RuntimeException e) {
            return false;
        }
    }

    private static void await(BufferedReader screen, String text, List<String> lines) throws IOException {
        for (String line = screen.readLine(); line != null; line = screen.readLine()) {
            lines.add(line);
            if (line.contains(text)) {
                return;
            }
        }
        throw new AssertionError("it ended without '" + text + "': " + lines);
    }

    @Test
    @Tag("full")
    @Timeout(value = 20, unit = TimeUnit.MINUTES)
    void a_hundred_thousand_rows_are_run_with_a_heap_of_128_MB() throws Exception {
        Path out = folder.resolve("out.jsonl");
        String row = "{\"n\": %d, \"text\": \"" + "x".repeat(200) + "\"}";
        List<String> words = new ArrayList<>(List.of("-Xmx128m"));
        String[] command = command(rows(100_000, row), "stepstile.echo", "large", out);

        try (CommandLineProcess process = CommandLineProcess.start(folder, words, command)) {
            assertThat(process.ended(0, Duration.ofMinutes(18)))
                    .anyMatch(line -> line.contains("All 100,000 steps succeeded"));
        }

        try (BufferedReader lines = Files.newBufferedReader(out)) {
            assertThat(Json.parse(lines.readLine()).path("result").path("text").asText())
                    .hasSize(200);
        }
        assertThat(keys(out)).containsExactlyInAnyOrderElementsOf(numbers(100_000));
    }
}
