package dev.stepstile.cli.ops;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

import dev.stepstile.cli.Main;
import dev.stepstile.cli.run.InThisJvm;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import picocli.CommandLine;

/** The help of the operator's commands. */
class HelpTest {
    private static final Pattern WORD = Pattern.compile("\"([^\"]*)\"|(\\S+)");

    static Stream<String> commands() {
        return Stream.of(
                "runs",
                "status",
                "steps",
                "step",
                "logs",
                "feed",
                "failures",
                "running",
                "cancel",
                "redrive",
                "pause",
                "resume",
                "dlq",
                "dlq list",
                "dlq show",
                "dlq redrive",
                "dlq purge",
                "doctor",
                "completion");
    }

    @ParameterizedTest
    @MethodSource("commands")
    void each_command_has_an_example_that_it_understands_and_fits_80_columns(String command) {
        List<String> words = new ArrayList<>(List.of(command.split(" ", -1)));
        words.add("--help");
        InThisJvm ended = InThisJvm.run(words.toArray());

        assertThat(ended.status()).as(ended.err()).isZero();
        assertThat(ended.out().lines()).allMatch(line -> line.length() <= 80);
        List<String> examples = ended.out()
                .lines()
                .filter(line -> line.startsWith("  ./stepstile "))
                .map(line -> line.strip().substring("./stepstile ".length()).replaceAll(" >.*", ""))
                .toList();
        assertThat(examples).isNotEmpty();
        for (String example : examples) {
            assertThat(example).startsWith(command);
            assertThatCode(() -> Main.commandLine()
                            .parseArgs(WORD.matcher(example)
                                    .results()
                                    .map(word -> word.group(1) == null ? word.group(2) : word.group(1))
                                    .toArray(String[]::new)))
                    .as(example)
                    .doesNotThrowAnyException();
        }
    }

    @ParameterizedTest
    @MethodSource("commands")
    void each_command_is_on_the_page(String command) throws Exception {
        assertThat(Files.readString(Path.of("../docs/cli.md"))).contains("| `" + command.split(" ", -1)[0]);
    }

    @ParameterizedTest
    @MethodSource("commands")
    void each_command_that_calls_the_API_says_which_one_and_how_it_answers(String command) {
        CommandLine line = Main.commandLine();
        for (String word : command.split(" ", -1)) {
            line = Objects.requireNonNull(line.getSubcommands().get(word));
        }
        if (ApiCommand.class.isInstance(line.getCommand())) {
            assertThat(line.getCommandSpec().optionsMap().keySet())
                    .contains("--endpoint", "--stack", "--profile", "--region", "--json", "--output");
        }
    }
}
