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
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Each of the operator's commands as a process of its own, on a terminal. {@link OnTerminalTest} starts some of them in verify. */
@Tag("full")
@Timeout(value = 5, unit = TimeUnit.MINUTES)
class EachCommandTest {
    private static final List<String> COMMANDS = List.of(
            "runs",
            "status nightly",
            "steps nightly",
            "step nightly good",
            "logs nightly talker",
            "logs nightly",
            "feed nightly",
            "failures nightly",
            "running",
            "cancel nightly --dry-run",
            "redrive nightly --dry-run",
            "pause nightly --reason test",
            "resume nightly",
            "dlq list",
            "dlq redrive --all --dry-run",
            "dlq purge --all --dry-run",
            "audit nightly",
            "doctor",
            "completion bash");

    @Test
    void answers_and_ends(@TempDir Path state) throws Exception {
        StackOptions options =
                StackOptions.of(StackOptions.Kind.EMBEDDED, state).withHandlers(List.of(new Echo(), new Talkative()));
        try (LocalStack stack = LocalStack.start(options);
                StepstileClient client = StepstileClient.of(stack.endpoint())) {
            client.dispatch(
                    "nightly",
                    Dispatch.of(
                            "d",
                            List.of(
                                    Step.of("good", "stepstile.echo", null),
                                    Step.of("bad", "no.such.handler", null),
                                    Step.of("talker", "talkative", Map.of("seconds", 0)))));
            assertThat(client.follow("nightly", List.of("good", "bad", "talker"))
                            .await(Duration.ofMinutes(1), _ -> {}))
                    .isTrue();
            Map<String, String> environment =
                    Map.of("STEPSTILE_ENDPOINT", stack.endpoint().toString());
            for (String command : COMMANDS) {
                CommandProcess ended = CommandProcess.onTerminal(environment, command.split(" ", -1));

                assertThat(ended.status()).as(command + "\n" + ended.out()).isBetween(Exit.DONE, Exit.NO);
                assertThat(ended.out()).as(command).isNotBlank().doesNotContain("Exception", "\tat dev.stepstile");
                assertThat(ended.out().lines().map(line -> line.replaceAll("\u001b\\[[0-9;]*m", "")))
                        .as(command)
                        .filteredOn(line -> !line.contains("./stepstile ") && !command.startsWith("completion"))
                        .allMatch(line -> Text.width(line) <= 80);
            }
        }
    }
}
