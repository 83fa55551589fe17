package dev.stepstile.cli.local;

import static org.assertj.core.api.Assertions.assertThat;

import dev.stepstile.client.Dispatch;
import dev.stepstile.client.Step;
import dev.stepstile.client.StepStatus;
import dev.stepstile.client.StepstileClient;
import dev.stepstile.testing.Eventually;
import java.io.IOException;
import java.io.OutputStream;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.jar.JarOutputStream;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import java.util.zip.ZipEntry;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** {@code ./stepstile local} as a process: how it starts, what it refuses, and how it ends. */
@Tag("integration")
@Timeout(value = 5, unit = TimeUnit.MINUTES)
class LocalCommandTest {
    @TempDir
    Path home;

    private CommandLineProcess local(String... options) throws IOException {
        List<String> arguments = new ArrayList<>(List.of("local"));
        if (!List.of(options).contains("--port")) {
            arguments.addAll(List.of("--port", "0"));
        }
        arguments.addAll(List.of(options));
        return CommandLineProcess.start(home, arguments.toArray(String[]::new));
    }

    private void refused(int status, String said, String... options) throws Exception {
        try (CommandLineProcess process = local(options)) {
            List<String> lines = process.ended(status);
            assertThat(lines.getFirst()).contains(said);
            assertThat(lines)
                    .as("a line, what was probably meant, where help is")
                    .hasSizeLessThanOrEqualTo(3);
        }
    }

    @Test
    void says_where_its_state_and_its_log_are_and_which_handlers_it_has() throws Exception {
        Path state = home.resolve("state");
        try (CommandLineProcess process = local("--state", state.toString())) {
            assertThat(process.await("is up at")).matches("Stepstile is up at http://127.0.0.1:[0-9]+ \\(.*");
            assertThat(process.await("state")).endsWith(state.toString());
            assertThat(process.await("log"))
                    .endsWith(state.resolve("stepstile.log").toString());
            assertThat(process.await("handlers")).contains("built in: ", "stepstile.echo");
            assertThat(state.resolve("stepstile.log")).exists();
            assertThat(home.resolve("stepstile.log")).doesNotExist();
        }
    }

    @Test
    void ends_with_one_line_when_a_handlers_class_cannot_be_loaded() throws Exception {
        Path jar = home.resolve("broken.jar");
        try (OutputStream out = Files.newOutputStream(jar);
                JarOutputStream packed = new JarOutputStream(out)) {
            packed.putNextEntry(new ZipEntry("META-INF/services/dev.stepstile.api.StepHandler"));
            packed.write("acme.Absent\n".getBytes(StandardCharsets.UTF_8));
        }

        refused(1, "acme.Absent", "--classpath", jar.toString());
    }

    @Test
    void refuses_what_cannot_be_meant() throws Exception {
        refused(
                2,
                "missing.jar, which does not exist",
                "--classpath",
                home.resolve("missing.jar").toString());
        refused(2, "--port must be 1 to 65535, or 0 for a free one.", "--port", "99999");
        refused(2, "--classpath", "--classpath");
        refused(2, "Unknown option: '--clazzpath'", "--clazzpath");
        refused(2, "nothing.json", "--handlers", home.resolve("nothing.json").toString());
        refused(2, "--workers must be 1 to 100; with --aws, it may be 0.", "--workers", "0");
        refused(2, "--sam-env needs --aws", "--sam-env", "sam.json");
        refused(2, "--isolated needs --aws", "--isolated");
        refused(2, "--isolated runs no handlers of --classpath", "--aws", "--isolated", "--classpath", "a.jar");
        refused(2, "--sam-host needs --sam-env", "--aws", "--sam-host", "127.0.0.1");
        refused(2, "192.0.2.77 is no address of this machine.", "--aws", "--sam-env=sam.json", "--sam-host=192.0.2.77");
    }

    @Test
    void refuses_a_state_folder_that_another_stack_has_and_names_its_process() throws Exception {
        Path state = home.resolve("state");
        try (CommandLineProcess first = local("--state", state.toString())) {
            first.await("is up at");

            refused(
                    1,
                    "The state folder " + state + " is in use by another stack, process "
                            + first.process().pid() + ";",
                    "--state",
                    state.toString());
            refused(1, "is in use by another stack", "--aws", "--state", state.toString());
        }
        try (CommandLineProcess after = local("--state", state.toString())) {
            after.await("is up at");
        }
    }

    /**
     * With the default times. Prints how long the new run took from the start of the second process on, which for {@code --aws}
     * includes that of the emulators.
     *
     * @param longSteps fewer than the four workers take, who receive ten messages at once, but from ElasticMQ often just one
     * @param seconds within which it ends once the stack is up; the emulators are slow on a busy machine
     */
    @ParameterizedTest
    @CsvSource({"--workers=4, 30, 15", "--aws, 3, 40"})
    void ends_a_new_run_soon_after_its_start_after_kill_9_in_the_middle_of_long_steps(
            String option, int longSteps, int seconds) throws Exception {
        sharedEmulators();
        List<Step> sleeps = steps(longSteps, "stepstile.sleep", Map.of("seconds", 600));
        try (CommandLineProcess first = local(option);
                StepstileClient client = client(first)) {
            client.dispatch("long", Dispatch.of("all", sleeps));
            Eventually.await(() -> client.steps("long", StepStatus.RUNNING).count() == sleeps.size());
            first.kill();
        }
        long begun = System.nanoTime();
        List<Step> echoes = steps(100, "stepstile.echo", Map.of("a", 1));
        List<String> keys = echoes.stream().map(Step::key).toList();
        try (CommandLineProcess second = local(option);
                StepstileClient client = client(second)) {
            Duration up = Duration.ofNanos(System.nanoTime() - begun);
            client.dispatch("short", Dispatch.of("all", echoes));
            assertThat(client.follow("short", keys).await(Duration.ofMinutes(1), event -> {}))
                    .isTrue();
            Duration took = Duration.ofNanos(System.nanoTime() - begun);
            System.out.printf(
                    "local %s: after kill -9 with %d long steps, a new run of 100 steps ended %d ms after the start; the stack was"
                            + " up after %d ms%n",
                    option, longSteps, took.toMillis(), up.toMillis());
            assertThat(took.minus(up)).isLessThan(Duration.ofSeconds(seconds));
            assertThat(client.steps("short")).allMatch(step -> step.state().status() == StepStatus.SUCCEEDED);
            assertThat(client.steps("long", StepStatus.RETRYING).count()
                            + client.steps("long", StepStatus.RUNNING)
                                    .filter(step -> step.attempt() == 2)
                                    .count())
                    .as("long steps that were taken from the workers that were killed")
                    .isEqualTo(sleeps.size());
        }
    }

    private static StepstileClient client(CommandLineProcess stack) throws IOException {
        Matcher endpoint = Pattern.compile("http://[0-9.:]+").matcher(stack.await("is up at"));
        assertThat(endpoint.find()).isTrue();
        return StepstileClient.of(URI.create(endpoint.group()));
    }

    private static List<Step> steps(int count, String handler, Object input) {
        return IntStream.range(0, count)
                .mapToObj(i -> Step.of("step-" + i, handler, input))
                .toList();
    }

    @Test
    void writes_the_variables_for_sam_and_leaves_all_messages_to_its_functions() throws Exception {
        sharedEmulators();
        Path file = home.resolve("sam.json");
        try (CommandLineProcess stack = local("--aws", "--workers=0", "--sam-env=" + file, "--sam-host=127.0.0.1");
                StepstileClient client = client(stack)) {
            assertThat(stack.await("The emulators listen on")).contains("127.0.0.1", "check no credentials");
            assertThat(file).content().contains("\"STEPSTILE_SQS_ENDPOINT\" : \"http://127.0.0.1:");
            client.dispatch("run", Dispatch.of("all", steps(1, "stepstile.echo", Map.of())));
            Thread.sleep(2_000); // with workers, it has ended by then

            assertThat(client.steps("run")).allMatch(step -> step.state().status() == StepStatus.QUEUED);
        }
    }

    @Test
    void refuses_a_state_folder_that_is_a_file() throws Exception {
        Path file = Files.createFile(home.resolve("file"));

        refused(1, "The folder " + file, "--state", file.toString());
    }

    @Test
    void ends_with_the_reason_when_an_emulator_was_killed() throws Exception {
        sharedEmulators();
        try (CommandLineProcess stack = local("--aws")) {
            stack.await("is up at");
            stack.await("steps/first");

            stack.process()
                    .descendants()
                    .filter(child -> child.info().commandLine().orElse("").contains("elasticmq"))
                    .findFirst()
                    .orElseThrow()
                    .destroyForcibly();

            assertThat(stack.ended(1))
                    .anySatisfy(line -> assertThat(line)
                            .contains(
                                    "The stack ends, as it cannot work without its emulators: elasticmq",
                                    "status 137"));
        }
    }

    /** Those that were fetched before. */
    private void sharedEmulators() throws IOException {
        Path shared = Path.of(System.getProperty("user.dir"))
                .resolveSibling(".stepstile")
                .resolve("emulators");
        if (Files.isDirectory(shared)) {
            Files.createSymbolicLink(home.resolve("emulators"), shared);
        }
    }
}
