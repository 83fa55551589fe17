package dev.stepstile.examples.patterns;

import dev.stepstile.api.StepContext;
import dev.stepstile.api.StepHandler;
import dev.stepstile.api.StepInput;
import dev.stepstile.api.StepResult;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** What the steps of the patterns do: a little, so that the patterns are what one reads. */
public final class WordHandlers {
    private WordHandlers() {}

    /** Input and, of a clean text, result. */
    public record Text(String text) {}

    /** The input of {@link ReadPage}. */
    public record PageNumber(int page) {}

    /** Counts the words of a text. */
    public static final class Count implements StepHandler {
        @Override
        public String name() {
            return "words.count";
        }

        @Override
        public StepResult run(StepInput input, StepContext context) {
            String text = input.as(Text.class).text().strip();
            return StepResult.of(text.isEmpty() ? 0 : text.split("\\s+").length);
        }
    }

    /** Adds what is in the shared input {@code counts}. */
    public static final class Sum implements StepHandler {
        @Override
        public String name() {
            return "words.sum";
        }

        @Override
        public StepResult run(StepInput input, StepContext context) {
            return StepResult.of(
                    Arrays.stream(input.sharedAs("counts", int[].class)).sum());
        }
    }

    /** Leaves letters and blanks of a text. */
    public static final class Clean implements StepHandler {
        @Override
        public String name() {
            return "words.clean";
        }

        @Override
        public StepResult run(StepInput input, StepContext context) {
            String text = input.as(Text.class).text();
            return StepResult.of(
                    Map.of("text", text.replaceAll("[^\\p{L}\\s]", "").toLowerCase(Locale.ROOT)));
        }
    }

    /** Reads a page of a source that has three. */
    public static final class ReadPage implements StepHandler {
        private static final List<List<String>> PAGES =
                List.of(List.of("one", "two words"), List.of("three short words"), List.of());

        @Override
        public String name() {
            return "words.page";
        }

        @Override
        public StepResult run(StepInput input, StepContext context) {
            int number = input.as(PageNumber.class).page();
            return StepResult.of(
                    new MapOverPages.Page(PAGES.get(number - 1), number < PAGES.size() ? number + 1 : null));
        }
    }
}
