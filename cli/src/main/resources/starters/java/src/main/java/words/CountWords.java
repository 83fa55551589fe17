package words;

import dev.stepstile.api.StepContext;
import dev.stepstile.api.StepHandler;
import dev.stepstile.api.StepInput;
import dev.stepstile.api.StepResult;
import dev.stepstile.api.TerminalFailure;

/** Counts the words of a text. */
public final class CountWords implements StepHandler {
    /** What a step is given. */
    public record Text(String text) {}

    /** What it returns. */
    public record Count(int words) {}

    @Override
    public String name() {
        return "words.count";
    }

    @Override
    public StepResult run(StepInput input, StepContext context) throws TerminalFailure {
        String text = input.as(Text.class).text();
        if (text == null || text.isBlank()) {
            throw new TerminalFailure("The text is empty."); // no retry would help
        }
        return StepResult.of(new Count(text.strip().split("\\s+").length));
    }
}
