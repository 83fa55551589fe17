package dev.stepstile.stackfaults;

import dev.stepstile.api.StepContext;
import dev.stepstile.api.StepHandler;
import dev.stepstile.api.StepInput;
import dev.stepstile.api.StepResult;
import dev.stepstile.api.TerminalFailure;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;

/** A handler whose result depends on its input alone, and which notes each of its starts with its process. */
public final class RecordingHandler implements StepHandler {
    static final String NAME = "test.reckoning";

    /** Ends the name of the file that gets a line for each attempt that was interrupted. */
    static final String STOPPED = ".stopped";

    /** What becomes of a step, whatever happens to its workers. */
    enum Fate {
        SUCCEEDS,
        FAILS_ONCE,
        FAILS_FOR_GOOD,
        DIES,
        /** Its first attempt ends when it is interrupted, which it notes beside its starts. */
        HANGS
    }

    /**
     * A step's work.
     *
     * @param millis how long it takes in its first attempt; later ones take a tenth of it
     * @param notes a file that gets a line for each start
     */
    public record Input(int number, long millis, String fate, String notes) {}

    /** What the step of this number comes to. */
    static long expected(int number) {
        return (long) number * number % 10_007;
    }

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public StepResult run(StepInput json, StepContext context) throws Exception {
        Input input = json.as(Input.class);
        Files.writeString(
                Path.of(input.notes()),
                context.stepKey() + " " + context.attempt() + " "
                        + ProcessHandle.current().pid() + "\n",
                StandardOpenOption.CREATE,
                StandardOpenOption.APPEND);
        Fate fate = Fate.valueOf(input.fate());
        if (fate == Fate.HANGS && context.attempt() == 1) {
            hang(Path.of(input.notes() + STOPPED), context);
        }
        Thread.sleep(context.attempt() == 1 ? input.millis() : input.millis() / 10);
        return switch (fate) {
            case SUCCEEDS, HANGS -> StepResult.of(expected(input.number()));
            case FAILS_ONCE -> {
                if (context.attempt() == 1) {
                    throw new IOException("the first attempt always fails");
                }
                yield StepResult.of(expected(input.number()));
            }
            case FAILS_FOR_GOOD -> throw new TerminalFailure("as it always does");
            case DIES -> throw new IOException("as each attempt does");
        };
    }

    private static void hang(Path notes, StepContext context) throws IOException, InterruptedException {
        try {
            Thread.sleep(Duration.ofDays(1));
        } catch (InterruptedException stopped) {
            Files.writeString(notes, context.stepKey() + " " + context.attempt() + "\n", StandardOpenOption.CREATE);
            throw stopped;
        }
    }
}
