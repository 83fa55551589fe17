package dev.stepstile.examples.patterns;

import static org.assertj.core.api.Assertions.assertThat;

import dev.stepstile.api.StepHandler;
import dev.stepstile.client.JsonValue;
import dev.stepstile.client.StepRecord;
import dev.stepstile.client.StepstileClient;
import dev.stepstile.local.LocalStack;
import dev.stepstile.local.StackOptions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.ServiceLoader;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The patterns on an embedded stack. Each runs twice: a program that died and runs again goes on where it was. */
class PatternsTest {
    private static final Map<String, String> TEXTS = Map.of("a", "One, two!", "b", "three", "empty", "");
    private static final Path CHECKOUT = Path.of("../..");

    @TempDir
    static Path folder;

    private static LocalStack stack;
    private static StepstileClient client;

    @BeforeAll
    static void start() {
        List<StepHandler> handlers = ServiceLoader.load(StepHandler.class).stream()
                .map(ServiceLoader.Provider::get)
                .toList();
        stack = LocalStack.start(
                StackOptions.of(StackOptions.Kind.EMBEDDED, folder).withHandlers(handlers));
        client = StepstileClient.of(stack.endpoint());
    }

    @AfterAll
    static void stop() {
        client.close();
        stack.close();
    }

    @Test
    void the_results_of_many_steps_are_the_input_of_one() {
        for (int time = 0; time < 2; time++) {
            assertThat(FanOutThenOne.run(client, "fan", TEXTS)).isEqualTo(JsonValue.of(3));
        }
        assertThat(client.steps("fan").map(StepRecord::attempt)).hasSize(4).containsOnly(1);
    }

    @Test
    void each_text_goes_through_its_stages() {
        for (int time = 0; time < 2; time++) {
            assertThat(Stages.run(client, "stages", TEXTS))
                    .isEqualTo(Map.of("a", JsonValue.of(2), "b", JsonValue.of(1), "empty", JsonValue.of(0)));
        }
        assertThat(client.steps("stages").map(StepRecord::attempt).distinct()).containsExactly(1);
    }

    @Test
    void each_item_of_each_page_is_a_step() {
        for (int time = 0; time < 2; time++) {
            assertThat(MapOverPages.run(client, "pages"))
                    .isEqualTo(Map.of(
                            "count/page/1/0", JsonValue.of(1),
                            "count/page/1/1", JsonValue.of(2),
                            "count/page/2/0", JsonValue.of(3)));
        }
        assertThat(client.steps("pages").map(StepRecord::attempt).distinct()).containsExactly(1);
    }

    @Test
    void what_the_page_shows_is_in_these_programs() throws IOException {
        String sources = "";
        try (Stream<Path> files = Files.list(Path.of("src/main/java/dev/stepstile/examples/patterns"))) {
            for (Path file : files.sorted().toList()) {
                sources += Files.readString(file).replaceAll("(?m)^ +", "");
            }
        }
        List<String> shown = Pattern.compile("```java\n(.*?)```", Pattern.DOTALL)
                .matcher(Files.readString(CHECKOUT.resolve("docs/patterns.md")))
                .results()
                .map((MatchResult found) -> found.group(1).replaceAll("(?m)^ +", ""))
                .toList();
        assertThat(shown).hasSize(3);
        for (String example : shown) {
            assertThat(sources).contains(example);
        }
    }
}
