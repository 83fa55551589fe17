package dev.stepstile.cli.demo;

import dev.stepstile.client.DeadLetter;
import dev.stepstile.client.DeadLetterSelection;
import dev.stepstile.client.StepstileClient;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The dead letters of a stack. */
final class DeadLetters {
    private static final int POLLS = 50;
    private static final long POLL_MILLIS = 200;

    private DeadLetters() {}

    /**
     * Lists them until there are this many: a step is seen DEAD a moment before its dead letter is in the queue. A letter that
     * is there twice counts once.
     */
    static List<DeadLetter> await(StepstileClient client, int expected) throws InterruptedException {
        Map<String, DeadLetter> found = new LinkedHashMap<>();
        for (int poll = 0; poll < POLLS; poll++) {
            for (DeadLetter letter :
                    client.deadLetters().list(DeadLetterSelection.all()).letters()) {
                found.put(step(letter) + "#" + attempt(letter), letter);
            }
            if (found.size() >= expected) {
                break;
            }
            Thread.sleep(POLL_MILLIS);
        }
        return new ArrayList<>(found.values());
    }

    /** {@code run/key}, or what stands for a message that names none. */
    static String step(DeadLetter letter) {
        DeadLetter.DeadStep step = letter.step();
        return step == null ? "an unrecognised message" : step.runId() + "/" + step.key();
    }

    static int attempt(DeadLetter letter) {
        DeadLetter.DeadStep step = letter.step();
        return step == null ? 0 : step.attempt();
    }
}
