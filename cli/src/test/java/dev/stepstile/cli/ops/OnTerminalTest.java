package dev.stepstile.cli.ops;

import static org.assertj.core.api.Assertions.assertThat;

import dev.stepstile.client.Dispatch;
import dev.stepstile.client.JsonValue;
import dev.stepstile.client.Step;
import dev.stepstile.client.StepstileClient;
import dev.stepstile.handlers.Echo;
import dev.stepstile.local.LocalStack;
import dev.stepstile.local.StackOptions;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The operator's commands as processes: on a terminal of 80 columns, and in a pipe. */
@Tag("integration")
@Timeout(value = 5, unit = TimeUnit.MINUTES)
class OnTerminalTest {
    private static final String LONG = "orders/2026-11-24/eu-west-1/" + "x".repeat(150) + "/part-0001";
    private static final String ESCAPE = "\u001b[";

    @TempDir
    static Path state;

    private static LocalStack stack;

    @BeforeAll
    static void start() {
        stack = LocalStack.start(
                StackOptions.of(StackOptions.Kind.EMBEDDED, state).withHandlers(List.of(new Echo(), new Talkative())));
        try (StepstileClient client = StepstileClient.of(stack.endpoint())) {
            client.dispatch(
                    "nightly",
                    Dispatch.of(
                            "d",
                            List.of(
                                    Step.of(LONG, "no.such.handler", null),
                                    Step.of("日本語の鍵".repeat(12), "no.such.handler", null),
                                    Step.of("talker", "talkative", Map.of("seconds", 0)))));
            client.dispatch(
                    "waits",
                    JsonValue.parse("{\"steps\":[{\"key\":\"a\",\"handler\":\"stepstile.echo\",\"notBefore\":9999}]}"));
            client.dispatch(
                    "endless",
                    JsonValue.parse(
                            "{\"steps\":[{\"key\":\"talker\",\"handler\":\"talkative\",\"input\":{\"seconds\":0}},"
                                    + "{\"key\":\"z\",\"handler\":\"stepstile.echo\",\"notBefore\":9999}]}"));
            client.dispatch(
                    "many",
                    Dispatch.of(
                            "d",
                            IntStream.range(0, 3_000)
                                    .mapToObj(i -> Step.of("step-" + i + "-".repeat(60), "no.such.handler", null))
                                    .toList()));
            assertThat(client.follow("nightly", List.of("talker", LONG)).await(Duration.ofMinutes(1), _ -> {}))
                    .isTrue();
        }
    }

    @AfterAll
    static void stop() {
        stack.close();
    }

    private static String[] words(String... words) {
        return Stream.concat(
                        Stream.of(words),
                        Stream.of("--endpoint", stack.endpoint().toString()))
                .toArray(String[]::new);
    }

    private static CommandProcess onTerminal(Map<String, String> environment, String... words) throws Exception {
        return CommandProcess.onTerminal(environment, words(words));
    }

    @Test
    void no_line_is_wider_than_the_terminal_and_keys_are_cut_in_their_middle() throws Exception {
        List<String[]> commands = new ArrayList<>(List.of(
                new String[] {"status", "nightly", "--exact"},
                new String[] {"steps", "nightly"},
                new String[] {"feed", "nightly"},
                new String[] {"logs", "nightly"},
                new String[] {"failures", "nightly"},
                new String[] {"audit", "nightly"},
                new String[] {"doctor"}));
        for (String[] command : commands) {
            CommandProcess ended = onTerminal(Map.of(), command);

            assertThat(ended.status()).as(ended.out()).isLessThanOrEqualTo(Exit.NO);
            assertThat(ended.out().lines().map(line -> line.replaceAll("\u001b\\[[0-9;]*m", "")))
                    .as(String.join(" ", command))
                    .isNotEmpty()
                    .filteredOn(line -> !line.contains("./stepstile ")) // to be copied, and whole
                    .allMatch(line -> Text.width(line) <= 80);
        }
        assertThat(onTerminal(Map.of("NO_COLOR", "1"), "steps", "nightly").out())
                .doesNotContain(ESCAPE)
                .containsPattern("orders/\\S+…\\S+part-0001")
                .containsPattern("日本語\\S*…\\S*鍵");
    }

    @Test
    void a_terminal_has_colours_and_a_pipe_has_none_and_whole_keys() throws Exception {
        assertThat(onTerminal(Map.of(), "steps", "nightly").out()).contains(ESCAPE + "31m");
        CommandProcess piped = CommandProcess.run(Map.of(), words("steps", "nightly"));
        assertThat(piped.out()).doesNotContain(ESCAPE).contains(LONG);
    }

    @Test
    void a_terminal_gets_no_control_characters_of_a_log_and_a_pipe_gets_the_log_as_it_is() throws Exception {
        assertThat(onTerminal(Map.of("NO_COLOR", "1"), "logs", "nightly", "talker")
                        .out())
                .contains("said \uFFFD[31mred")
                .doesNotContain(ESCAPE);
        assertThat(CommandProcess.run(Map.of(), words("logs", "nightly", "talker"))
                        .out())
                .contains("said " + ESCAPE + "31mred");
    }

    @Test
    void a_question_is_answered_on_a_terminal_with_yes_or_no_or_the_end_of_the_input() throws Exception {
        String[] cancel = words("cancel", "waits", "a");
        for (String typed : List.of("n\n", "\u0004")) {
            CommandProcess no = CommandProcess.answered("Type y for yes", typed, cancel);

            assertThat(no.status()).as(no.out()).isEqualTo(Exit.NO);
            assertThat(no.out()).contains("1 step would be cancelled", "Nothing was changed.");
        }
        assertThat(stateOfWaiting()).isEqualTo("QUEUED");

        CommandProcess interrupted = CommandProcess.answered("Type y for yes", "\u0003", cancel);
        assertThat(interrupted.status()).as(interrupted.out()).isEqualTo(130);
        assertThat(stateOfWaiting()).isEqualTo("QUEUED");

        CommandProcess yes = CommandProcess.answered("Type y for yes", "Y\n", cancel);
        assertThat(yes.status()).as(yes.out()).isZero();
        assertThat(yes.out()).contains("1 step was cancelled.");
        assertThat(stateOfWaiting()).isEqualTo("CANCELLED");
    }

    private static String stateOfWaiting() {
        try (StepstileClient client = StepstileClient.of(stack.endpoint())) {
            return client.get("/v1/runs/waits/steps", Map.of())
                    .tree()
                    .path("steps")
                    .path(0)
                    .path("state")
                    .asText();
        }
    }

    @Test
    void what_is_followed_is_interrupted_with_the_status_of_a_signal() throws Exception {
        for (String command : List.of("feed", "logs")) {
            CommandProcess ended = CommandProcess.answered("talker", "\u0003", words(command, "endless", "--follow"));

            assertThat(ended.status()).as(command + ended.out()).isEqualTo(130);
            assertThat(ended.out()).doesNotContain("Exception");
        }
    }

    @Test
    void a_list_of_which_only_the_first_line_is_read_ends_without_a_complaint() throws Exception {
        CommandProcess ended = CommandProcess.piped("head -1", words("steps", "many", "--all"));

        assertThat(ended.out().lines()).hasSize(1);
        assertThat(ended.err()).isEmpty();
        assertThat(ended.status()).isZero();
    }

    @Test
    void a_list_whose_reader_goes_away_ends_without_a_complaint() throws Exception {
        List<String> command = CommandProcess.command(List.of(words("feed", "nightly", "--follow")));
        Process process = new ProcessBuilder(command).start();
        process.getInputStream().close();

        assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
        assertThat(process.errorReader().lines()).isEmpty();
        assertThat(process.exitValue()).isZero();
    }
}
