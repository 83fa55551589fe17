package dev.stepstile.testing;

import dev.stepstile.api.StepContext;
import dev.stepstile.api.StepHandler;
import dev.stepstile.api.StepInput;
import dev.stepstile.api.StepResult;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** A handler that does to its worker what its input says, in its first {@code attempts} attempts. */
public final class MisbehavingHandler implements StepHandler {
    public static final String NAME = "test.misbehaving";

    /**
     * What to do.
     *
     * @param attempts in how many attempts; later ones just return
     * @param note a file that gets a line for each start
     */
    public record Input(String act, int attempts, @Nullable String note) {}

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public StepResult run(StepInput json, StepContext context) throws Exception {
        Input input = json.as(Input.class);
        if (input.note() != null) {
            note(Path.of(input.note()), context);
        }
        if (context.attempt() <= input.attempts()) {
            switch (input.act()) {
                case "exit" -> System.exit(7);
                case "heap" -> fillTheHeap();
                case "error" -> throw new StackOverflowError("as told");
                case "deaf" -> waitDeafly();
                case "wait" -> Thread.sleep(Duration.ofDays(1));
                case "doze" -> Thread.sleep(Duration.ofSeconds(4));
                case "wait-then-work" -> waitThenWork(Path.of(String.valueOf(input.note())), context);
                case "nap" -> Thread.sleep(Duration.ofMillis(50));
                default -> {}
            }
        }
        return StepResult.of("done by attempt " + context.attempt());
    }

    private static void note(Path file, StepContext context) throws IOException {
        Files.writeString(
                file,
                context.stepKey() + " " + context.attempt() + "\n",
                StandardOpenOption.CREATE,
                StandardOpenOption.APPEND);
    }

    /** The first attempt waits; later ones take a second, and note their ends too. */
    private static void waitThenWork(Path file, StepContext context) throws Exception {
        Thread.sleep(Duration.ofSeconds(context.attempt() == 1 ? 600 : 1));
        Files.writeString(file, "ended\n", StandardOpenOption.APPEND);
    }

    private static void fillTheHeap() {
        long[][] kept = new long[1_000][];
        for (int i = 0; i < kept.length; i++) {
            kept[i] = new long[1_000_000];
        }
        throw new IllegalStateException("a heap of " + kept.length * 8 + " MB");
    }

    private static void waitDeafly() {
        while (true) {
            try {
                Thread.sleep(Duration.ofDays(1));
            } catch (InterruptedException e) {
                // it takes no notice
            }
        }
    }
}
