package dev.stepstile.cli.run;

import static org.assertj.core.api.Assertions.assertThat;

import dev.stepstile.client.Dispatch;
import dev.stepstile.client.Step;
import dev.stepstile.client.StepstileClient;
import dev.stepstile.handlers.Echo;
import dev.stepstile.local.LocalStack;
import dev.stepstile.local.StackOptions;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The commands of docs/run.md, executed in their order in a folder that has the files that they name. */
class RunDocumentTest {
    private static final Path DOCUMENT = Path.of("../docs/run.md");
    private static final Pattern BLOCK = Pattern.compile("(?ms)^```sh\\n(.*?)^```");
    private static final Pattern FILE = Pattern.compile("[a-z-]+\\.(jsonl|json|csv|parquet)");

    @TempDir
    Path folder;

    /** Each command that begins like this. */
    private static List<String> documented(String beginning) throws Exception {
        return BLOCK.matcher(Files.readString(DOCUMENT))
                .results()
                .flatMap(block -> block.group(1).replaceAll("\\\\\\n\\s*", "").lines())
                .filter(line -> line.startsWith("./stepstile " + beginning))
                .map(line -> line.substring("./stepstile ".length()))
                .toList();
    }

    private List<String> words(String command) {
        List<String> words = new ArrayList<>();
        for (String word : command.split(" ", -1)) {
            words.add(FILE.matcher(word).matches() ? folder.resolve(word).toString() : word);
        }
        return words;
    }

    private void executed(LocalStack stack, List<String> commands, int count) {
        assertThat(commands).hasSize(count);
        for (String command : commands) {
            List<String> words = words(command);
            words.addAll(List.of("--endpoint", stack.endpoint().toString()));

            InThisJvm ended = InThisJvm.run(words.toArray());

            assertThat(ended.status()).as(ended.err()).isZero();
        }
    }

    @Test
    void the_commands_of_the_page_do_what_it_says() throws Exception {
        Files.writeString(folder.resolve("images.jsonl"), "{\"name\": \"a.png\"}\n{\"name\": \"b.png\"}\n");
        Files.writeString(folder.resolve("images.csv"), "name,width\na.png,200\n");
        StackOptions options = StackOptions.of(StackOptions.Kind.EMBEDDED, folder.resolve("stack"))
                .withHandlers(List.of(new Echo()));
        try (LocalStack stack = LocalStack.start(options);
                StepstileClient client = StepstileClient.of(stack.endpoint())) {
            executed(stack, documented("run images.jsonl"), 1);
            executed(stack, documented("run images.csv"), 1);
            client.dispatch("nightly", Dispatch.of("d", List.of(Step.of("bad", "no.such.handler", null))));
            assertThat(client.follow("nightly", List.of("bad")).await(Duration.ofMinutes(1), _ -> {}))
                    .isTrue();
            executed(stack, documented("results nightly"), 2);
        }
        assertThat(Files.readAllLines(folder.resolve("out.jsonl"))).hasSize(2);
        assertThat(folder.resolve("out.parquet")).isNotEmptyFile();
        assertThat(Files.readAllLines(folder.resolve("results.jsonl"))).hasSize(1);
        assertThat(Files.readAllLines(folder.resolve("failed.csv"))).hasSize(2);
    }
}
