package dev.stepstile.cli.ops;

import static org.assertj.core.api.Assertions.assertThat;

import dev.stepstile.cli.run.InThisJvm;
import dev.stepstile.client.JsonValue;
import dev.stepstile.client.StepstileClient;
import dev.stepstile.handlers.Echo;
import dev.stepstile.handlers.Sleep;
import dev.stepstile.local.LocalStack;
import dev.stepstile.local.StackOptions;
import dev.stepstile.testing.Eventually;
import dev.stepstile.usecase.Timing;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Each command of "The questions of the night", in the order of the page, on a night that has its run and its step. */
class NightQuestionsTest {
    private static final Pattern SECTION = Pattern.compile("(?s)## The questions of the night\\n(.*?)\\n## ");
    private static final Pattern COMMAND = Pattern.compile("`\\./stepstile ([^`]+)`");
    private static final Pattern WORD = Pattern.compile("\"([^\"]*)\"|(\\S+)");
    private static final Set<String> CHANGES = Set.of("redrive", "cancel", "dlq redrive", "dlq purge");

    @TempDir
    Path folder;

    private static List<String> commands() throws Exception {
        String page = Files.readString(Path.of("../docs/operations.md"));
        return SECTION.matcher(page)
                .results()
                .flatMap(section -> COMMAND.matcher(section.group(1)).results())
                .map(command -> command.group(1))
                .toList();
    }

    private static List<String> words(String command, LocalStack stack) {
        List<String> words = new ArrayList<>(WORD.matcher(command)
                .results()
                .map(word -> word.group(1) == null ? word.group(2) : word.group(1))
                .toList());
        String name = words.getFirst().equals("dlq") ? words.get(0) + " " + words.get(1) : words.getFirst();
        if (CHANGES.contains(name) && !words.contains("--dry-run")) {
            words.add("--yes"); // nobody can be asked here
        }
        words.addAll(List.of("--endpoint", stack.endpoint().toString()));
        return words;
    }

    /** One step is dead; the others succeed, or wait. */
    private static void nightOf(LocalStack stack) throws Exception {
        try (StepstileClient client = StepstileClient.of(stack.endpoint())) {
            client.dispatch(
                    "nightly",
                    JsonValue.parse("{\"dispatchId\":\"d\",\"steps\":["
                            + "{\"key\":\"load-eu\",\"handler\":\"stepstile.sleep\",\"input\":{\"seconds\":9},"
                            + "\"timeoutSeconds\":1,\"maxAttempts\":1},"
                            + "{\"key\":\"load-us\",\"handler\":\"stepstile.echo\"}]}"));
            Eventually.await(() -> client.exactStatus("nightly").openDispatchCount() == 0
                    || client.lookup("nightly", List.of("load-eu")).values().stream()
                            .anyMatch(step -> step.state().toString().startsWith("Dead")));
        }
    }

    @Test
    void each_command_of_the_page_answers() throws Exception {
        StackOptions options = StackOptions.of(StackOptions.Kind.EMBEDDED, folder)
                .withHandlers(List.of(new Echo(), new Sleep()))
                .withTimes(new StackOptions.Times(
                        Timing.of(
                                Duration.ofSeconds(5),
                                Duration.ofSeconds(1),
                                Duration.ofSeconds(1),
                                Duration.ofSeconds(30)),
                        Duration.ofMinutes(2),
                        Duration.ofMinutes(2)));
        List<String> commands = commands();
        assertThat(commands).hasSizeGreaterThan(20);
        try (LocalStack stack = LocalStack.start(options)) {
            nightOf(stack);
            for (String command : commands) {
                InThisJvm ended = InThisJvm.run(words(command, stack).toArray());

                assertThat(ended.status()).as(command + "\n" + ended.err()).isLessThanOrEqualTo(Exit.NO);
                assertThat(ended.out() + ended.err()).as(command).isNotBlank();
            }
        }
    }
}
