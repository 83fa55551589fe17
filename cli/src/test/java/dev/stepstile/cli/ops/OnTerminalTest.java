package dev.stepstile.cli.ops;

import static org.assertj.core.api.Assertions.assertThat;

import dev.stepstile.client.Dispatch;
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
        return CommandProcess.onTerminal(environment, "", words(words));
    }

    @Test
    void no_line_is_wider_than_the_terminal_and_keys_are_cut_in_their_middle() throws Exception {
        List<String[]> commands = new ArrayList<>(List.of(
                new String[] {"status", "nightly", "--exact"},
                new String[] {"steps", "nightly"},
                new String[] {"feed", "nightly"},
                new String[] {"logs", "nightly", "talker"},
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
    void a_list_whose_reader_goes_away_ends_without_a_complaint() throws Exception {
        List<String> command = CommandProcess.command(List.of(words("feed", "nightly", "--follow")));
        Process process = new ProcessBuilder(command).start();
        process.getInputStream().close();

        assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
        assertThat(process.errorReader().lines()).isEmpty();
        assertThat(process.exitValue()).isZero();
    }
}
