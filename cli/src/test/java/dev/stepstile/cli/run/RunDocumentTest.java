package dev.stepstile.cli.run;

import static org.assertj.core.api.Assertions.assertThat;

import dev.stepstile.handlers.Echo;
import dev.stepstile.local.LocalStack;
import dev.stepstile.local.StackOptions;
import java.nio.file.Files;
import java.nio.file.Path;
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

    @Test
    void the_commands_of_the_page_do_what_it_says() throws Exception {
        Files.writeString(folder.resolve("images.jsonl"), "{\"name\": \"a.png\"}\n{\"name\": \"b.png\"}\n");
        try (LocalStack stack = LocalStack.start(StackOptions.of(StackOptions.Kind.EMBEDDED, folder.resolve("stack"))
                .withHandlers(List.of(new Echo())))) {
            for (String command : documented("run images.jsonl")) {
                List<String> words = words(command);
                words.addAll(List.of("--endpoint", stack.endpoint().toString()));

                InThisJvm ended = InThisJvm.run(words.toArray());

                assertThat(ended.status()).as(ended.err()).isZero();
            }
        }
        assertThat(Files.readAllLines(folder.resolve("out.jsonl"))).hasSize(2);
    }
}
